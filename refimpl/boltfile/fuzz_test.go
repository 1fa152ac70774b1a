package boltfile_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"handfast/codec"
	"handfast/refimpl/boltfile"
	"handfast/refimpl/channel"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/store"
)

// keeper is something that keeps its state in a file of bbolt.
type keeper struct {
	name string
	fill func(t testing.TB, path string)
	// use opens a file that may be damaged and does everything with it that a peer does. The error is that of opening it.
	use func(t testing.TB, path string) error
	// typed tells whether opening may fail with this error because of damage.
	typed func(err error) bool
}

func keepers() []keeper {
	return []keeper{
		{"store", fillStore, useStore, func(err error) bool { return store.CodeOf(err) == store.CodeCorrupt }},
		{"queue", fillQueue, useQueue, func(err error) bool { return errors.Is(err, delivery.ErrQueue) }},
		{"cursors", fillCursors, useCursors, func(err error) bool {
			return errors.Is(err, channel.ErrStore) || errors.Is(err, delivery.ErrCursor) || errors.Is(err, boltfile.ErrDamaged) || errors.Is(err, berrors.ErrIncompatibleValue)
		}},
	}
}

const keys = 120 // enough for a branch

func keyOf(i int) store.Key { return store.Key{Namespace: "a", Name: fmt.Sprintf("key %03d", i)} }

func openStore(path string) (*store.Bolt, error) {
	return store.Open(store.Config{Path: path, Namespaces: map[string]store.Namespace{"a": store.DefaultNamespace()}})
}

func fillStore(t testing.TB, path string) {
	s, err := openStore(path)
	require.NoError(t, err)
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		for i := range keys {
			size := 10
			if i == 7 {
				size = 9000 // overflows
			}
			if _, err := store.Overwrite(tx, keyOf(i), make([]byte, size)); err != nil {
				return err
			}
		}
		_, err := store.Remove(tx, keyOf(3))
		return errors.Join(err, tx.SetCursor("cursor", []byte("value")))
	}))
	require.NoError(t, s.Close())
}

// useStore: whatever was damaged, errors are those of the store, and nothing but the objects that are hit.
func useStore(t testing.TB, path string) error {
	s, err := openStore(path)
	if err != nil {
		return err
	}
	check := func(err error) {
		if err != nil {
			require.NotEmpty(t, store.CodeOf(err), "%v", err)
		}
	}
	for i := range keys {
		_, err := s.Get(keyOf(i))
		check(err)
	}
	nothing := func(store.Key, clock.Set) error { return nil }
	check(s.Ascend("a", "", "", nothing))
	_, err = s.Since(new(clock.Node), nothing)
	check(err)
	_, _, err = s.SinceIn("a", new(clock.Node), nothing)
	check(err)
	list, _, err := s.List("a", nil, nil, 1<<10)
	require.NoError(t, err)
	for _, it := range list {
		_, err := s.Find("a", [8]byte(it[:8]))
		require.NoError(t, err)
	}
	check(s.Update(t.Context(), func(tx store.Tx) error {
		for i := range keys {
			if _, err := store.Overwrite(tx, keyOf(i*2), []byte("other")); err != nil && store.CodeOf(err) != store.CodeCorrupt {
				return err
			}
		}
		if _, err := store.Remove(tx, keyOf(5)); err != nil && store.CodeOf(err) == "" {
			return err
		}
		return nil
	}))
	_, err = s.Check(t.Context(), true)
	check(err)
	_, err = s.Reap(t.Context(), []*clock.Node{s.Clock()})
	check(err)
	check(s.Close())
	return nil
}

func fillQueue(t testing.TB, path string) {
	q, err := delivery.OpenDurable(path, "q", 1<<20)
	require.NoError(t, err)
	var list [][]byte
	for i := range keys {
		size := 30
		if i == 60 {
			size = 9000
		}
		list = append(list, make([]byte, size), make([]byte, size/2))
	}
	for half := range slices.Chunk(list, keys) {
		_, _, err := q.AppendAll(half)
		require.NoError(t, err)
	}
	require.NoError(t, q.Drop(20, 30, 3))
	require.NoError(t, q.Free(9))
	require.NoError(t, q.Close())
}

func useQueue(t testing.TB, path string) error {
	q, err := delivery.OpenDurable(path, "q", 1<<20)
	if err != nil {
		return err
	}
	b := q.Bounds()
	require.LessOrEqual(t, b.First, b.Next)
	for seq := b.First; seq < b.Next; {
		r := q.Run(seq, 1<<16)
		seq += uint64(r.Count())
		if r.Count() == 0 {
			to, _ := q.Hole(seq)
			require.GreaterOrEqual(t, to, seq)
			seq = to + 1
		}
	}
	_, _ = q.Hole(1)
	_, err = q.Append([]byte("more"))
	require.NoError(t, err)
	require.NoError(t, q.Free(b.First+5))
	require.NoError(t, q.Drop(b.First+7, b.First+9, 3))
	require.NoError(t, q.OweCheck())
	require.NoError(t, q.Renew())
	require.NoError(t, q.Close())
	return nil
}

func channelKey(i int) delivery.Key {
	return delivery.Key{Node: "node:" + fmt.Sprint(i), Proto: "proto", Name: "name"}
}

func aCursor(i int) delivery.Cursor {
	c := delivery.Cursor{ID: [16]byte{byte(i + 1)}, Lineage: codec.Lineage{{Epoch: 1, Nonce: 2, First: 1}}}
	c.Add(1, 10)
	c.Add(15, 20)
	return c
}

func openCursors(path string) (*bbolt.DB, *channel.Bolt, error) {
	db, err := boltfile.Open(path, 0o600, bbolt.Options{})
	if err != nil {
		return nil, nil, err
	}
	s, err := channel.NewBolt(db, func(*bbolt.Tx, delivery.Key, []channel.Item) error { return nil })
	return db, s, err
}

func fillCursors(t testing.TB, path string) {
	db, s, err := openCursors(path)
	require.NoError(t, err)
	db.NoSync = true
	for i := range 80 {
		require.NoError(t, s.Keep(channelKey(i), aCursor(i)))
	}
	require.NoError(t, db.Close())
}

func useCursors(t testing.TB, path string) error {
	db, s, err := openCursors(path)
	if err == nil {
		db.NoSync = true
		_, err = s.Cursors()
	}
	if err == nil {
		for i := range 5 {
			require.NoError(t, s.Keep(channelKey(i*2), aCursor(i)))
			require.NoError(t, s.Commit(&channel.Batch{Key: channelKey(i * 2), Items: []channel.Item{{Record: delivery.Record{Seq: 21}}}}))
		}
		require.NoError(t, s.Forget(channelKey(4)))
		require.NoError(t, s.Forget(channelKey(5)))
	}
	if db != nil {
		require.NoError(t, db.Close())
	}
	return err
}

var made [][]byte // what files has given

// files gives the bytes of a good file of each kind, the same each time.
func files(t testing.TB) (all [][]byte) {
	t.Helper()
	if made != nil {
		return made
	}
	for _, k := range keepers() {
		path := filepath.Join(t.TempDir(), "good")
		k.fill(t, path)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, k.use(t, path))
		all = append(all, b)
	}
	made = all
	return all
}

// damage changes a file: edits are groups of four bytes, of which three are a place and the last is what is changed there. cut is its new length, if
// it is not 0. With sum the checksums of the meta pages are made right again.
func damage(good, edits []byte, cut uint32, sum bool) []byte {
	b := append([]byte(nil), good...)
	for ; len(edits) >= 4; edits = edits[4:] {
		b[binary.BigEndian.Uint32(append([]byte{0}, edits[:3]...))%uint32(len(b))] ^= edits[3]
	}
	if cut != 0 {
		b = b[:cut%uint32(len(b))]
	}
	for at := 16; sum && at <= 16+os.Getpagesize() && at+64 <= len(b); at += os.Getpagesize() {
		h := fnv.New64a()
		_, _ = h.Write(b[at : at+56])
		binary.NativeEndian.PutUint64(b[at+56:], h.Sum64())
	}
	return b
}

// checkDamaged opens a damaged file and uses it.
func checkDamaged(t testing.TB, k keeper, path string, b []byte) (opened bool) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, b, 0o600))
	err := k.use(t, path)
	if err != nil {
		require.True(t, k.typed(err), "%s: %T %v", k.name, err, err)
		var e *boltfile.Error
		if errors.As(err, &e) {
			require.GreaterOrEqual(t, e.Offset, int64(0))
			require.NotEmpty(t, e.Detail)
		}
	}
	return err == nil
}

// FuzzDamaged: a file of bbolt that somebody has damaged ends in a typed error or is used to its end: no panic, no fault of memory, no circle.
func FuzzDamaged(f *testing.F) {
	good := files(f)
	for kind := range good {
		for _, at := range []uint32{8, 10, 12, 16, 24, 32} {
			for page := range uint32(8) {
				f.Add(uint8(kind), binary.BigEndian.AppendUint32(nil, (page*uint32(os.Getpagesize())+at)<<8|1), uint32(0), page < 2)
			}
		}
		f.Add(uint8(kind), []byte{}, uint32(len(good[kind])-1), false)
		f.Add(uint8(kind), []byte{}, uint32(5000), false)
	}
	f.Fuzz(func(t *testing.T, kind uint8, edits []byte, cut uint32, sum bool) {
		i := int(kind) % len(good)
		checkDamaged(t, keepers()[i], filepath.Join(t.TempDir(), "bad"), damage(good[i], edits, cut, sum))
	})
}

// TestDamaged damages files at random, mostly where pages and elements begin.
func TestDamaged(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i, k := range keepers() {
		t.Run(k.name, func(t *testing.T) {
			good := files(t)[i]
			path := filepath.Join(t.TempDir(), "bad")
			opened, refused := 0, 0
			for range 60 {
				var edits []byte
				for range 1 + rnd.IntN(3) {
					at := rnd.IntN(len(good))
					if rnd.IntN(3) > 0 {
						at = at/os.Getpagesize()*os.Getpagesize() + rnd.IntN(64)
					}
					edits = binary.BigEndian.AppendUint32(edits, uint32(at)<<8|1<<rnd.IntN(8))
				}
				if checkDamaged(t, k, path, damage(good, edits, 0, rnd.IntN(4) == 0)) {
					opened++
				} else {
					refused++
				}
			}
			require.NotZero(t, opened)
			require.NotZero(t, refused)
		})
	}
}

// TestCut: a file that was cut is refused, wherever it was. Behind the last page that is in use bbolt keeps room.
func TestCut(t *testing.T) {
	for i, k := range keepers() {
		good := files(t)[i]
		used := 0
		for meta := range 2 {
			used = max(used, os.Getpagesize()*int(binary.NativeEndian.Uint64(good[meta*os.Getpagesize()+16+40:])))
		}
		path := filepath.Join(t.TempDir(), "bad")
		for n := 1; n < used; n += 1 + used/40 {
			require.NoError(t, os.WriteFile(path, good[:n], 0o600))
			err := k.use(t, path)
			require.Error(t, err, "%s: %d bytes", k.name, n)
			require.True(t, k.typed(err), "%s: %d bytes: %v", k.name, n, err)
		}
	}
}

// TestWhole: no file that bbolt has written is refused, whatever was written and deleted in it.
func TestWhole(t *testing.T) {
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		path := filepath.Join(t.TempDir(), "db")
		o := bbolt.Options{NoSync: true, NoFreelistSync: seed%2 == 0}
		db, err := bbolt.Open(path, 0o600, &o)
		require.NoError(t, err)
		for range 25 {
			most := 1 + rnd.IntN(400)
			require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists([]byte{byte('a' + rnd.IntN(3))})
				if err == nil && rnd.IntN(3) == 0 {
					b, err = b.CreateBucketIfNotExists([]byte{0, byte(rnd.IntN(2))})
				}
				for range most {
					key := binary.BigEndian.AppendUint16(make([]byte, 2+rnd.IntN(2)*300), uint16(rnd.IntN(700)))
					switch rnd.IntN(5) {
					case 0, 1:
						err = errors.Join(err, b.Delete(key))
					case 2:
						if k, _ := b.Cursor().First(); len(k) > 2 {
							err = errors.Join(err, b.Delete(k))
						}
					default:
						err = errors.Join(err, b.Put(key, make([]byte, rnd.IntN(40)*rnd.IntN(40)*rnd.IntN(8))))
					}
				}
				return err
			}))
			f, err := os.Open(path)
			require.NoError(t, err)
			require.NoError(t, boltfile.Check(f), "seed %d", seed)
			require.NoError(t, f.Close())
		}
		require.NoError(t, db.Close())
		db, err = boltfile.Open(path, 0o600, o)
		require.NoError(t, err)
		require.NoError(t, db.Close())
	}
}
