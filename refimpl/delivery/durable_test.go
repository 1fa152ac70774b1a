package delivery

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"handfast/codec"
)

func durable(t *testing.T, path string, limit uint64) *Durable {
	t.Helper()
	q, err := OpenDurable(path, "q", limit)
	require.NoError(t, err)
	return q
}

// contents lists what a queue says of every number.
func contents(q Queue) (list []string) {
	h := q.Head()
	for seq := h.Stable + 1; seq < h.Next; seq++ {
		if data, ok := q.Get(seq); ok {
			list = append(list, fmt.Sprintf("%d %x", seq, data))
			continue
		}
		to, reason := q.Hole(seq)
		list = append(list, fmt.Sprintf("%d-%d %d", seq, to, reason))
		seq = to
	}
	return list
}

// runs lists what Run gives from a number on.
func runs(q Queue, from uint64) (list []string) {
	for r := q.Run(from, 30); r.Count() > 0; r = q.Run(from, 30) {
		for i := range r.Count() {
			list = append(list, string(r.Record(i)))
		}
		from += uint64(r.Count())
	}
	return list
}

// TestQueuesAreAlike does the same to both queues, and closes and opens the durable one at random.
func TestQueuesAreAlike(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 5))
		path := filepath.Join(t.TempDir(), "queue")
		const limit = 12 * (RecordOverhead + 20)
		d, v := durable(t, path, limit), NewVolatile("q", limit)
		for step := range 150 {
			switch rng.IntN(12) {
			case 0:
				require.NoError(t, d.Close())
				d = durable(t, path, limit)
				v.head.begin(7)
			case 1:
				n := d.Head().First + rng.Uint64N(4)
				if n < d.Head().Next {
					require.NoError(t, errors.Join(d.Free(n), v.Free(n)))
				}
			case 2:
				first := rng.Uint64N(d.Head().Next + 1)
				require.NoError(t, errors.Join(d.Drop(first, first+2, codec.GapExpired), v.Drop(first, first+2, codec.GapExpired)))
			case 3:
				require.NoError(t, errors.Join(d.OweCheck(), v.OweCheck()))
				n := rng.Uint64N(4)
				require.NoError(t, errors.Join(d.Repaired(n), v.Repaired(n)))
			case 4:
				if rng.IntN(5) == 0 {
					require.NoError(t, errors.Join(d.Renew(), v.Renew()))
				}
			case 5, 6:
				list := make([][]byte, rng.IntN(5))
				for i := range list {
					list[i] = bytes.Repeat([]byte{byte(step), byte(i)}, rng.IntN(20))
				}
				var wrong error
				if rng.IntN(4) == 0 {
					list, wrong = append(list, make([]byte, limit)), ErrTooLarge
				}
				a, n, err := d.AppendAll(list)
				require.ErrorIs(t, err, wrong)
				b, m, err := v.AppendAll(list)
				require.ErrorIs(t, err, wrong)
				require.Equal(t, m, n)
				if n > 0 {
					require.Equal(t, b, a)
				}
			default:
				data := bytes.Repeat([]byte{byte(step)}, rng.IntN(40))
				a, err := d.Append(data)
				require.NoError(t, err)
				b, err := v.Append(data)
				require.NoError(t, err)
				require.Equal(t, b, a)
			}
			dh, vh := d.Head(), v.Head()
			require.Equal(t, len(vh.Lineage), len(dh.Lineage))
			require.NoError(t, dh.Channel(rules{}).Check())
			dh.ID, dh.Lineage, vh.ID, vh.Lineage = [16]byte{}, nil, [16]byte{}, nil
			require.Equal(t, vh, dh, "seed %d step %d", seed, step)
			require.Equal(t, contents(v), contents(d), "seed %d step %d", seed, step)
			if dh.Next > 1 {
				from := 1 + rng.Uint64N(dh.Next-1)
				require.Equal(t, runs(v, from), runs(d, from), "seed %d step %d", seed, step)
			}
			have, _ := d.Bytes()
			want, _ := v.Bytes()
			require.Equal(t, want, have, "seed %d step %d", seed, step)
		}
		require.NoError(t, d.Close())
	}
}

// TestAppendsTogether: appends that wait at the same time share a commit, and each gets a number of its own.
func TestAppendsTogether(t *testing.T) {
	q := durable(t, filepath.Join(t.TempDir(), "queue"), plenty)
	before := q.db.Stats()
	const writers, each = 32, 8
	var wg sync.WaitGroup
	seqs := make([][]uint64, writers)
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				seq, err := q.Append(fmt.Appendf(nil, "%d.%d", w, i))
				if err != nil {
					t.Error(err)
				}
				seqs[w] = append(seqs[w], seq)
			}
		})
	}
	wg.Wait()
	have := map[uint64]bool{}
	for w := range writers {
		for i, seq := range seqs[w] {
			require.False(t, have[seq])
			have[seq] = true
			data, ok := q.Get(seq)
			require.True(t, ok)
			require.Equal(t, fmt.Sprintf("%d.%d", w, i), string(data))
		}
	}
	require.Len(t, have, writers*each)
	after := q.db.Stats()
	commits := after.TxStats.GetWrite() - before.TxStats.GetWrite()
	t.Logf("%d appends, %d page writes", writers*each, commits)
	require.NoError(t, q.Close())
	_, err := q.Append([]byte("x"))
	require.Error(t, err, "a closed queue takes nothing")
}

// TestFreeWhileWriting: what Free has taken away stays away, also when a commit was on its way.
func TestFreeWhileWriting(t *testing.T) {
	q := durable(t, filepath.Join(t.TempDir(), "queue"), plenty)
	const count = 60
	var wg sync.WaitGroup
	wg.Go(func() {
		for range count {
			if _, err := q.Append([]byte("x")); err != nil {
				t.Error(err)
			}
		}
	})
	freed := uint64(0)
	for freed < count {
		h := q.Head()
		require.GreaterOrEqual(t, h.Stable, freed)
		require.Greater(t, h.First, freed)
		if h.Next-1 > freed {
			freed = h.Next - 1
			require.NoError(t, q.Free(freed))
		}
	}
	wg.Wait()
	have, _ := q.Bytes()
	require.Zero(t, have)
	require.NoError(t, q.Close())
}

// TestBadFiles: what is no whole queue is refused, and a file that is open cannot be opened again.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "queue")
	q := durable(t, path, plenty)
	for range 5 {
		_, err := q.Append([]byte("x"))
		require.NoError(t, err)
	}
	_, err := OpenDurable(path, "q", plenty)
	require.ErrorIs(t, err, berrors.ErrTimeout)
	require.NoError(t, q.Close())
	_, err = OpenDurable(path, "another", plenty)
	require.ErrorIs(t, err, ErrQueue)
	for name, spoil := range map[string]func(tx *bbolt.Tx) error{
		"a record is missing":       func(tx *bbolt.Tx) error { return tx.Bucket(bucketRecords).Delete(number(3)) },
		"the last record":           func(tx *bbolt.Tx) error { return tx.Bucket(bucketRecords).Delete(number(5)) },
		"a record too many":         func(tx *bbolt.Tx) error { return tx.Bucket(bucketRecords).Put(number(6), []byte{0, 0, 0, 0}) },
		"half a record":             func(tx *bbolt.Tx) error { return tx.Bucket(bucketRecords).Put(number(3), []byte{0}) },
		"no JSON":                   func(tx *bbolt.Tx) error { return tx.Bucket(bucketState).Put(keyState, []byte("{")) },
		"a state of another format": func(tx *bbolt.Tx) error { return tx.Bucket(bucketState).Put(keyState, []byte(`{"Format":2}`)) },
		"a state without lineage": func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketState).Put(keyState, []byte(`{"Format":1,"Head":{"Name":"q"}}`))
		},
	} {
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		bad := filepath.Join(dir, "bad")
		require.NoError(t, os.WriteFile(bad, whole, 0o600))
		db, err := bbolt.Open(bad, 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(spoil))
		require.NoError(t, db.Close())
		_, err = OpenDurable(bad, "q", plenty)
		require.ErrorIs(t, err, ErrQueue, name)
	}
}

// childQueue says in the environment that this process is the victim of TestKill.
const childQueue = "HANDFAST_TEST_QUEUE"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(childQueue); path != "" {
		os.Exit(victim(path))
	}
	os.Exit(m.Run())
}

// victim appends from several goroutines, frees now and then, and says on its output what is durable.
func victim(path string) int {
	q, err := OpenDurable(path, "q", plenty)
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	var out sync.Mutex
	say := func(what string, seq uint64) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(what, seq)
	}
	h := q.Head()
	say("epoch", h.Lineage[len(h.Lineage)-1].Epoch)
	for range 4 {
		go func() {
			for n := 0; ; n++ {
				seq, err := q.Append(payload(rand.Uint64()))
				if err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				say("durable", seq)
				if n%20 == 19 && seq > 10 {
					_ = q.Free(seq - 10)
					say("free", seq-10)
				}
			}
		}()
	}
	select {} // until it is killed
}

// payload is a record that says whether it is whole.
func payload(n uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, n)
	b = append(b, bytes.Repeat([]byte{byte(n)}, int(n%300))...)
	return binary.BigEndian.AppendUint32(b, codec.Checksum(b))
}

// TestKill ends the process at a random moment, over and over: what Append has returned is there and whole, numbers go on without a hole, and
// each process is a new epoch (CHAN-007, CHAN-008, CHAN-011).
func TestKill(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	path := filepath.Join(t.TempDir(), "queue")
	var last, freed, epoch uint64
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childQueue+"="+path)
		pipe, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines, read := bufio.NewScanner(pipe), 0
		enough := 1 + rng.IntN(200)
		for lines.Scan() {
			if read++; read == enough {
				require.NoError(t, cmd.Process.Kill())
			}
			what, n, _ := strings.Cut(lines.Text(), " ")
			seq, err := strconv.ParseUint(n, 10, 64)
			if err != nil {
				break // the last line may be half a line
			}
			switch what {
			case "durable":
				last = max(last, seq)
			case "free":
				freed = max(freed, seq)
			case "epoch":
				require.Greater(t, seq, epoch, "round %d", round)
				epoch = seq
			default:
				t.Fatal(lines.Text())
			}
		}
		_ = cmd.Wait() // it was killed
		q := durable(t, path, plenty)
		h := q.Head()
		require.Greater(t, h.Next, last, "round %d: what was durable has its number", round)
		require.Equal(t, epoch+1, h.Lineage[len(h.Lineage)-1].Epoch)
		require.LessOrEqual(t, h.First, freed+1, "round %d: nothing is forgotten that was not freed", round)
		for seq := h.First; seq < h.Next; seq++ {
			data, ok := q.Get(seq)
			require.True(t, ok, "round %d record %d", round, seq)
			require.Equal(t, codec.Checksum(data[:len(data)-4]), binary.BigEndian.Uint32(data[len(data)-4:]), "round %d record %d", round, seq)
		}
		require.NoError(t, q.Close())
		epoch++
		last = h.Next - 1
	}
	t.Logf("%d records survived %d kills", last, rounds)
}
