package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
)

// merge is two objects and what is known of them together.
type merge struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	A         string   `json:"a"`
	B         string   `json:"b"`
	Merged    string   `json:"merged,omitempty"`    // absent: a collision
	Collision []string `json:"collision,omitempty"` // the dot
	Relation  string   `json:"relation"`            // of the context of a to that of b
	Winner    []string `json:"winner,omitempty"`    // dot of the last writer of the merged object
}

func merges() []merge {
	a1, a2, b1 := entry(actorA, 1), entry(actorA, 2), entry(actorB, 1)
	a, b := func(n uint64, v string) string { return sib(0, n, v) }, func(n uint64, v string) string { return sib(1, n, v) }
	v := object(list{a1}, list{a(1, "v")})
	return []merge{
		{"merge/same", "a state with itself", v, v, v, nil, "same", dot(actorA, 1)},
		{"merge/nothing", "with an object that was never written", v, object(nil, nil), v, nil, "after", dot(actorA, 1)},
		{"merge/concurrent", "two writes that have not seen each other", v, object(list{b1}, list{sib(0, 1, "w")}),
			object(list{a1, b1}, list{a(1, "v"), b(1, "w")}), nil, "concurrent", dot(actorB, 1)},
		{"merge/replaced", "a write that has seen the other", v, object(list{a1, b1}, list{b(1, "x")}), object(list{a1, b1}, list{b(1, "x")}), nil, "before", dot(actorB, 1)},
		{"merge/deleted", "a tombstone that has seen the value", v, object(list{a2}, list{tomb(0, 2)}), object(list{a2}, list{tomb(0, 2)}), nil, "before", dot(actorA, 2)},
		{"merge/deleted-beside", "a tombstone that has not", v, object(list{b1}, list{tomb(0, 1)}),
			object(list{a1, b1}, list{a(1, "v"), tomb(1, 1)}), nil, "concurrent", dot(actorB, 1)},
		{"merge/gone", "a context without siblings", v, object(list{a2}, nil), object(list{a2}, nil), nil, "before", nil},
		{"merge/some-known", "what one side has dropped goes, what it has not seen stays", object(list{entry(actorA, 3)}, list{a(1, "x"), a(2, "y"), a(3, "z")}),
			object(list{a2}, list{a(2, "y")}), object(list{entry(actorA, 3)}, list{a(2, "y"), a(3, "z")}), nil, "after", dot(actorA, 3)},
		{"merge/all-known", "one side has replaced all", object(list{entry(actorA, 5)}, list{a(5, "e")}),
			object(list{entry(actorA, 3)}, list{a(1, "a"), a(2, "b"), a(3, "c")}), object(list{entry(actorA, 5)}, list{a(5, "e")}), nil, "after", dot(actorA, 5)},
		{"merge/same-context", "the same context, one side has resolved", object(list{a2}, list{a(2, "q")}),
			object(list{a2}, list{a(1, "p"), a(2, "q")}), object(list{a2}, list{a(2, "q")}), nil, "same", dot(actorA, 2)},
		{"merge/winner-by-counter", "the greater counter wins, not the greater actor", object(list{entry(actorA, 9)}, list{a(9, "v")}),
			object(list{entry(actorB, 8)}, list{sib(0, 8, "w")}), object(list{entry(actorA, 9), entry(actorB, 8)}, list{a(9, "v"), b(8, "w")}), nil, "concurrent", dot(actorA, 9)},
		{"merge/winner-by-actor", "among equal counters the greater actor wins", object(list{entry(actorC, 4)}, list{sib(0, 4, "v")}),
			object(list{entry(actorB, 4)}, list{sib(0, 4, "w")}), object(list{entry(actorB, 4), entry(actorC, 4)}, list{a(4, "w"), b(4, "v")}), nil, "concurrent", dot(actorC, 4)},
		{"merge/collision", "one dot, two values", v, object(list{a1}, list{a(1, "w")}), "", dot(actorA, 1), "same", nil},
		{"merge/collision-of-tombstone", "one dot, a value of no bytes and a tombstone", object(list{a1}, list{a(1, "")}), object(list{a1}, list{tomb(0, 1)}), "", dot(actorA, 1), "same", nil},
	}
}

// hashed is an object with its hashes.
type hashed struct {
	ID        string `json:"id"`
	Namespace string `json:"namespace"`
	Key       string `json:"key"` // hexadecimal, as all that follows
	Salt      string `json:"salt"`
	Object    string `json:"object"`
	StateHash string `json:"state_hash"`
	KeyHash   string `json:"key_hash"`
	Item      string `json:"item"`
}

func sum(parts ...[]byte) []byte {
	s := sha256.Sum256(slices.Concat(parts...))
	return s[:]
}

func raw(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // a constant of this program
	}
	return b
}

// hash makes the hashes of an object whose head and context are front, and whose siblings are given by their first 16 bytes and value.
func hash(id, namespace, key, salt, front string, siblings ...[2]string) hashed {
	number := func(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	name := slices.Concat(number(len(namespace)), []byte(namespace), number(len(key)), []byte(key))
	object := raw(front)
	state := slices.Concat([]byte("HFO\x01"), name, raw(front))
	for _, s := range siblings {
		object = slices.Concat(object, raw(s[0]), []byte(s[1]))
		state = slices.Concat(state, raw(s[0]), sum([]byte(s[1])))
	}
	hashOfState := sum(state)
	keyHash := sum(raw(salt), []byte("K"), name)[:8]
	item := slices.Concat(keyHash, sum(raw(salt), []byte("S"), hashOfState)[:8])
	x := hex.EncodeToString
	return hashed{id, namespace, x([]byte(key)), salt, x(object), x(hashOfState), x(keyHash), x(item)}
}

func hashes() []hashed {
	front := h("01 00 0002 0002 0000", entry(actorA, 2), entry(actorB, 7))
	siblings := [][2]string{{h("0000 00 00 00000001", u64(2)), "v"}, {h("0001 01 00 00000000", u64(7)), ""}}
	zeros, salt := fmt.Sprintf("%032x", 0), "000102030405060708090a0b0c0d0e0f"
	return []hashed{
		hash("hash/example", "users", "ann", zeros, front, siblings...),
		hash("hash/salt", "users", "ann", salt, front, siblings...),
		hash("hash/namespace-and-key-are-apart", "usersa", "nn", zeros, front, siblings...),
		hash("hash/key-of-any-bytes", "users", "\x00\xff", zeros, front, siblings...),
		hash("hash/gone", "users", "ann", zeros, h("01 00 0001 0000 0000", entry(actorA, 2))),
	}
}

// fingerprint is that of all items that number makes: item n, from 1, is the first 16 bytes of H(n in 8 bytes), its first bytes
// replaced by those of prefix.
type fingerprint struct {
	ID          string `json:"id"`
	Count       int    `json:"count"`
	Prefix      string `json:"prefix"`
	Fingerprint string `json:"fingerprint"`
}

func fingerprints() (all []fingerprint) {
	for _, f := range []fingerprint{
		{"fingerprint/0", 0, "", ""}, {"fingerprint/1", 1, "", ""}, {"fingerprint/32", 32, "", ""}, {"fingerprint/33", 33, "", ""},
		{"fingerprint/1000", 1000, "", ""}, {"fingerprint/33-of-one-prefix", 33, "abcdef", ""}, {"fingerprint/33-of-one-key", 33, "0123456789abcdef", ""},
	} {
		var items [][]byte
		for n := range uint64(f.Count) {
			it := sum(binary.BigEndian.AppendUint64(nil, n+1))[:16]
			copy(it, raw(f.Prefix))
			items = append(items, it)
		}
		slices.SortFunc(items, slices.Compare[[]byte])
		f.Fingerprint = hex.EncodeToString(printOf(items, 0))
		all = append(all, f)
	}
	return all
}

// printOf is the definition, over ascending items with a common prefix of depth half bytes.
func printOf(items [][]byte, depth int) []byte {
	switch {
	case len(items) == 0:
		return make([]byte, 16)
	case len(items) <= 32 || depth == 16:
		return sum(append([][]byte{[]byte("L")}, items...)...)[:16]
	}
	parts := [][]byte{[]byte("N")}
	for half := range byte(16) {
		var part [][]byte
		for _, it := range items {
			if it[depth/2]>>(4*(1-depth%2))&15 == half {
				part = append(part, it)
			}
		}
		parts = append(parts, printOf(part, depth+1))
	}
	return sum(parts...)[:16]
}
