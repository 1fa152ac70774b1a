package store

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/clock"
)

// The buckets of the file. Numbers are big-endian, so that their order is that of the keys.
var (
	bucketMeta    = []byte("meta")    // the names below
	bucketObjects = []byte("objects") // Key.bytes -> object (spec/objects.md)
	bucketDots    = []byte("dots")    // actor, counter -> Key.bytes: one for each sibling
	bucketDead    = []byte("dead")    // Key.bytes -> nothing: objects of which only tombstones are left
	bucketSeen    = []byte("seen")    // actor, first counter -> last counter: the node clock
	bucketCursors = []byte("cursors") // name -> value
	bucketAside   = []byte("aside")   // number -> what was set aside
)

// Names in bucketMeta.
var (
	metaFormat  = []byte("format")  // one byte
	metaActor   = []byte("actor")   // 16 bytes
	metaCounter = []byte("counter") // 8 bytes: writes of the actor so far
)

// fileFormat is the version of the layout.
const fileFormat = 1

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

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// stored reads an object out of a transaction. The zero Set is one that is not there. The error has CodeCorrupt.
func stored(bt *bolt.Tx, key []byte) (clock.Set, error) {
	b := bt.Bucket(bucketObjects).Get(key)
	if b == nil {
		return clock.Set{}, nil
	}
	s, err := clock.Decode(b, clock.DefaultLimits())
	if err != nil {
		return clock.Set{}, &Error{Code: CodeCorrupt, Detail: "a stored object", Err: err}
	}
	return s, nil
}
