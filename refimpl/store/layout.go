package store

import (
	"bytes"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
)

// The buckets of the file. Numbers are big-endian, so that their order is that of the keys.
var (
	bucketMeta    = []byte("meta")    // the names below
	bucketObjects = []byte("objects") // Key.bytes -> object (spec/objects.md)
	bucketDots    = []byte("dots")    // actor, counter, namespace -> Key.bytes: one for each sibling
	bucketDead    = []byte("dead")    // Key.bytes -> nothing: objects of which only tombstones are left
	bucketSeen    = []byte("seen")    // namespace, 0, actor, first counter -> last counter: its node clock; no namespace: that of all
	bucketCursors = []byte("cursors") // name -> value
	bucketAside   = []byte("aside")   // number -> what was set aside
)

// Names in bucketMeta.
var (
	metaFormat  = []byte("format")  // one byte
	metaActor   = []byte("actor")   // 16 bytes
	metaCounter = []byte("counter") // 8 bytes: writes of the actor so far
)

// metaNamespace is the name under which a namespace is noted whose clock has been made.
func metaNamespace(ns string) []byte { return []byte("namespace/" + ns) }

// fileFormat is the version of the layout.
const fileFormat = 2

// buckets lists all buckets.
func buckets() [][]byte {
	return [][]byte{bucketMeta, bucketObjects, bucketDots, bucketDead, bucketSeen, bucketCursors, bucketAside}
}

func dotBytes(d clock.Dot) []byte {
	b := make([]byte, 24)
	copy(b, d.Actor[:])
	binary.BigEndian.PutUint64(b[16:], d.Counter)
	return b
}

// dotOf reads what dotBytes wrote. ok is false for other bytes.
func dotOf(b []byte) (d clock.Dot, ok bool) {
	if len(b) != 24 {
		return d, false
	}
	copy(d.Actor[:], b)
	d.Counter = binary.BigEndian.Uint64(b[16:])
	return d, true
}

// logKey is the place of a sibling in the log. The namespace is behind the dot: a peer that lies about dots in one namespace
// must not push those of another out of the log.
func logKey(ns string, d clock.Dot) []byte { return append(dotBytes(d), ns...) }

// logDot reads the dot and the namespace of a key of the log. ok is false for other bytes.
func logDot(b []byte) (d clock.Dot, ns string, ok bool) {
	if len(b) < 24 {
		return d, "", false
	}
	d, ok = dotOf(b[:24])
	return d, string(b[24:]), ok
}

// seenKey is the place of a range of a node clock.
func seenKey(ns string, d clock.Dot) []byte { return append(append([]byte(ns), 0), dotBytes(d)...) }

// seenDot reads what seenKey wrote. ok is false for other bytes.
func seenDot(b []byte) (ns string, d clock.Dot, ok bool) {
	name, dot, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return "", d, false
	}
	d, ok = dotOf(dot)
	return string(name), d, ok
}

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// stored reads an object out of a transaction. The zero Set is one that is not there. The error has CodeCorrupt.
func stored(bt *bolt.Tx, key []byte) (clock.Set, error) {
	b := bt.Bucket(bucketObjects).Get(key)
	if b == nil {
		return clock.Set{}, nil
	}
	s, err := clock.Decode(b, clock.GreatestLimits())
	if err != nil {
		return clock.Set{}, &Error{Code: CodeCorrupt, Detail: "a stored object", Err: err}
	}
	return s, nil
}
