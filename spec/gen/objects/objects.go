package main

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Actors, as they are written.
var (
	actorA = strings.Repeat("a1", 16)
	actorB = strings.Repeat("b2", 16)
	actorC = strings.Repeat("c3", 16)
)

// h takes the spaces out of hexadecimal.
func h(parts ...string) string { return strings.ReplaceAll(strings.Join(parts, ""), " ", "") }

func u16(n int) string { return fmt.Sprintf("%04x", n) }

func u32(n int) string { return fmt.Sprintf("%08x", n) }

func u64(n uint64) string { return fmt.Sprintf("%016x", n) }

// entry is one of a context.
func entry(actor string, counter uint64) string { return actor + u64(counter) }

// sib is a sibling: the place of its actor, its counter and its value.
func sib(place int, counter uint64, value string) string {
	v := hex.EncodeToString([]byte(value))
	return u16(place) + "0000" + u32(len(value)) + u64(counter) + v
}

func tomb(place int, counter uint64) string { return u16(place) + "0100" + u32(0) + u64(counter) }

// object puts an encoding together.
func object(context, siblings []string) string {
	return h("01 00", u16(len(context)), u16(len(siblings)), "0000", strings.Join(context, ""), strings.Join(siblings, ""))
}

type list = []string

// dot, live and dead are parts of the JSON form; integers are texts.
func dot(actor string, counter uint64) []string { return []string{actor, fmt.Sprint(counter)} }

type sibling struct {
	Dot       []string `json:"dot"`
	Tombstone bool     `json:"tombstone,omitempty"`
	Value     *string  `json:"value,omitempty"` // hexadecimal
}

func live(actor string, counter uint64, value string) sibling {
	v := hex.EncodeToString([]byte(value))
	return sibling{Dot: dot(actor, counter), Value: &v}
}

func dead(actor string, counter uint64) sibling {
	return sibling{Dot: dot(actor, counter), Tombstone: true}
}

type state struct {
	Context  [][]string `json:"context"`
	Siblings []sibling  `json:"siblings"`
}

func says(context [][]string, siblings ...sibling) state {
	if siblings == nil {
		siblings = []sibling{}
	}
	return state{context, siblings}
}

// wide makes n entries with actors that ascend.
func wide(n int) (context []string, said [][]string) {
	for i := range n {
		actor := fmt.Sprintf("%032x", i+1)
		context, said = append(context, entry(actor, 1)), append(said, dot(actor, 1))
	}
	return context, said
}

// objects are the accepted and refused encodings.
func objects() []vector {
	ab := list{entry(actorA, 2), entry(actorB, 7)}
	abSays := [][]string{dot(actorA, 2), dot(actorB, 7)}
	base := object(ab, list{sib(0, 2, "v"), tomb(1, 7)})
	oneCtx := list{entry(actorA, 1<<63-1)}
	ok := func(id, title, in string, value any) vector {
		return vector{ID: "object/" + id, Title: title, In: in, Verdict: "accept", Value: value}
	}
	list1024, said1024 := wide(1024)
	many, manySays := siblings1024()
	all := []vector{
		ok("example", "the example of the page", base, says(abSays, live(actorA, 2, "v"), dead(actorB, 7))),
		ok("nothing", "an object that was never written", object(nil, nil), says([][]string{})),
		ok("gone", "no siblings: what the context covers is gone", object(ab, nil), says(abSays)),
		ok("empty-value", "a value of no bytes is a value", object(ab, list{sib(0, 2, "")}), says(abSays, live(actorA, 2, ""))),
		ok("siblings-of-one-actor", "two siblings of one actor", object(ab, list{sib(0, 1, "x"), sib(0, 2, "y")}), says(abSays, live(actorA, 1, "x"), live(actorA, 2, "y"))),
		ok("below-the-context", "an old write that is still a sibling", object(ab, list{sib(1, 3, "x")}), says(abSays, live(actorB, 3, "x"))),
		ok("greatest-counter", "the greatest counter", object(oneCtx, list{sib(0, 1<<63-1, "x")}), says([][]string{dot(actorA, 1<<63-1)}, live(actorA, 1<<63-1, "x"))),
		ok("1024-actors", "the greatest context", object(list1024, nil), says(said1024)),
		ok("1024-siblings", "the most siblings", object(list{entry(actorA, 1024)}, many), says([][]string{dot(actorA, 1024)}, manySays...)),
	}
	no := func(id, title, twin, reason, req string, at int, in string) {
		all = append(all, vector{
			ID: "object/" + id, Title: title, In: in, Verdict: "reject", Error: &fault{reason, req, at}, Twin: "object/" + twin,
		})
	}
	// damage replaces bytes of the example.
	damage := func(at int, with string) string { return base[:2*at] + h(with) + base[2*at+len(h(with)):] }
	no("form-0", "form 0", "example", "form", "OBJ-004", 0, damage(0, "00"))
	no("form-2", "form 2", "example", "form", "OBJ-004", 0, damage(0, "02"))
	no("reserved-1", "a reserved byte of the head", "example", "zero", "OBJ-004", 1, damage(1, "01"))
	no("reserved-6", "a reserved byte of the head", "example", "zero", "OBJ-004", 6, damage(6, "80"))
	no("reserved-7", "a reserved byte of the head", "example", "zero", "OBJ-004", 7, damage(7, "01"))
	no("reserved-sibling", "a reserved byte of a sibling", "example", "zero", "OBJ-004", 59, damage(59, "01"))
	no("no-bytes", "nothing at all", "nothing", "short", "OBJ-004", 0, "")
	no("cut-head", "a head that ends early", "nothing", "short", "OBJ-004", 0, object(nil, nil)[:14])
	no("cut-value", "a value that ends early", "siblings-of-one-actor", "short", "OBJ-004", 77, h(object(ab, list{sib(0, 1, "x"), sib(0, 2, "y")}))[:2*89])
	no("more-actors-than-bytes", "more entries than there is room for", "nothing", "short", "OBJ-004", 8, h("01 00 0400 0000 0000"))
	no("more-siblings-than-bytes", "more siblings than there is room for", "nothing", "short", "OBJ-004", 8, h("01 00 0000 0400 0000"))
	no("long-value", "a length of 4 GiB", "empty-value", "short", "OBJ-004", 60, object(ab, list{h("0000 00 00 ffffffff", u64(2))}))
	no("tail", "a byte behind the end", "example", "tail", "OBJ-004", 89, base+"00")
	no("actors-unsorted", "actors that descend", "gone", "order", "OBJ-005", 32, object(list{entry(actorB, 7), entry(actorA, 2)}, nil))
	no("actor-twice", "an actor twice", "gone", "order", "OBJ-005", 32, object(list{entry(actorA, 2), entry(actorA, 7)}, nil))
	no("siblings-unsorted", "siblings that descend", "siblings-of-one-actor", "order", "OBJ-005", 73, object(ab, list{sib(0, 2, "y"), sib(0, 1, "x")}))
	no("sibling-twice", "a dot twice", "siblings-of-one-actor", "order", "OBJ-005", 73, object(ab, list{sib(0, 2, "y"), sib(0, 2, "x")}))
	no("context-0", "a counter of 0 in the context", "gone", "counter", "OBJ-003", 24, object(list{entry(actorA, 0), entry(actorB, 7)}, nil))
	no("context-2-63", "a counter of 2^63 in the context", "greatest-counter", "counter", "OBJ-003", 24, object(list{entry(actorA, 1<<63)}, nil))
	no("dot-0", "a counter of 0 in a dot", "empty-value", "counter", "OBJ-003", 64, object(ab, list{sib(0, 0, "")}))
	no("dot-2-63", "a counter of 2^63 in a dot", "empty-value", "counter", "OBJ-003", 64, object(ab, list{sib(0, 1<<63, "")}))
	no("dot-not-covered", "a dot above its entry", "empty-value", "context", "OBJ-006", 64, object(ab, list{sib(0, 3, "")}))
	no("place", "a place behind the context", "empty-value", "context", "OBJ-006", 56, object(ab, list{sib(2, 2, "")}))
	no("flag-02", "an unknown flag", "example", "flags", "OBJ-006", 58, damage(58, "02"))
	no("flag-80", "an unknown flag", "example", "flags", "OBJ-006", 58, damage(58, "80"))
	no("tombstone-with-value", "a tombstone with a value", "siblings-of-one-actor", "flags", "OBJ-006", 60, object(ab, list{h("0000 01 00", u32(1), u64(2), "76")}))
	wider, _ := wide(1025)
	no("1025-actors", "one entry too many", "1024-actors", "limit", "OBJ-007", 2, object(wider, nil))
	no("1025-siblings", "one sibling too many", "1024-siblings", "limit", "OBJ-007", 4, object(list{entry(actorA, 1025)}, append(many, sib(0, 1025, ""))))
	return all
}

// siblings1024 makes as many siblings as there may be.
func siblings1024() (bytes []string, said []sibling) {
	for i := range uint64(1024) {
		bytes, said = append(bytes, sib(0, i+1, "")), append(said, live(actorA, i+1, ""))
	}
	return bytes, said
}

// nodeClocks are the accepted and refused encodings of node clocks.
func nodeClocks() []vector {
	actor := func(a string, ranges ...uint64) string {
		s := a + u32(len(ranges)/2)
		for _, n := range ranges {
			s += u64(n)
		}
		return s
	}
	clock := func(actors ...string) string { return h("01 00", u16(len(actors)), strings.Join(actors, "")) }
	seen := func(a string, ranges ...uint64) map[string]any {
		said := [][]string{}
		for i := 0; i < len(ranges); i += 2 {
			said = append(said, []string{fmt.Sprint(ranges[i]), fmt.Sprint(ranges[i+1])})
		}
		return map[string]any{"actor": a, "ranges": said}
	}
	two := clock(actor(actorA, 1, 5, 7, 7), actor(actorB, 3, 1<<63-1))
	all := []vector{
		{ID: "node/two", Title: "two actors, one with a gap", In: two, Verdict: "accept", Value: []any{seen(actorA, 1, 5, 7, 7), seen(actorB, 3, 1<<63-1)}},
		{ID: "node/nothing", Title: "a clock of nothing", In: clock(), Verdict: "accept", Value: []any{}},
	}
	no := func(id, title, reason string, at int, in string) {
		all = append(all, vector{ID: "node/" + id, Title: title, In: in, Verdict: "reject", Error: &fault{reason, "OBJ-014", at}, Twin: "node/two"})
	}
	no("form-2", "form 2", "form", 0, "02"+two[2:])
	no("reserved", "the reserved byte", "zero", 1, two[:2]+"01"+two[4:])
	no("cut", "ends early", "short", 72, two[:len(two)-2])
	no("tail", "a byte behind the end", "tail", 92, two+"00")
	no("more-actors-than-bytes", "more actors than there is room for", "short", 4, h("01 00 ffff")[:4]+u16(1024))
	no("more-ranges-than-bytes", "2^32-1 ranges", "short", 20, clock(actorA+"0000ffff"+u64(1)+u64(1)))
	no("no-range", "an actor without a range", "gap", 20, clock(actorA+u32(0), actor(actorB, 3, 4, 7, 1<<63-1)))
	no("actors-unsorted", "actors that descend", "order", 40, clock(actor(actorB, 1, 5), actor(actorA, 3, 4)))
	no("actor-twice", "an actor twice", "order", 40, clock(actor(actorA, 1, 5), actor(actorA, 7, 7)))
	no("range-0", "a range from 0", "counter", 24, clock(actor(actorA, 0, 5)))
	no("range-2-63", "a range to 2^63", "counter", 24, clock(actor(actorA, 1, 1<<63)))
	no("range-reversed", "an end before its beginning", "counter", 24, clock(actor(actorA, 5, 4)))
	no("ranges-unsorted", "ranges that descend", "order", 40, clock(actor(actorA, 7, 7, 1, 5)))
	no("ranges-overlap", "ranges that overlap", "order", 40, clock(actor(actorA, 1, 5, 5, 7)))
	no("ranges-touch", "ranges that are one", "gap", 40, clock(actor(actorA, 1, 5, 6, 7)))
	return all
}
