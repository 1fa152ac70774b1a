package sync

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
)

var (
	simRuns = flag.Int("sim", 1000, "runs of the simulation")
	simSeed = flag.Uint64("simseed", 0, "first seed of the simulation")
)

// TestSimulation: five stores, each with writers of its own; sessions are cut anywhere, between any two messages somebody writes or deletes,
// tombstones are dropped when all have them, some stores cannot reach others for a while, processes end and begin again, also from a copy or an
// older backup and then under a new actor, and wall clocks are wrong. When it is quiet again, all stores are the same after each pair has had a session
// or two, and exactly the values are there that nobody has replaced.
func TestSimulation(t *testing.T) {
	var sum world
	for n := range *simRuns {
		seed := *simSeed + uint64(n)
		w := newWorld(seed)
		if err := w.live(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := w.settle(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		sum.n, sum.cut, sum.partitions, sum.restarts = sum.n+w.n, sum.cut+w.cut, sum.partitions+w.partitions, sum.restarts+w.restarts
		sum.incarnations, sum.restores = sum.incarnations+w.incarnations, sum.restores+w.restores
	}
	t.Logf("%d runs: %d writes, %d sessions cut, %d partitions, %d restarts, %d new actors, %d of them from an older backup",
		*simRuns, sum.n, sum.cut, sum.partitions, sum.restarts, sum.incarnations, sum.restores)
}

// world is five stores and what is true of them.
type world struct {
	rng    *rand.Rand
	stores []*mem
	keys   []string
	n      int
	truth  map[string]map[string]map[string]bool // key -> value -> the values that its writer had seen
	seen   []map[string]map[string]bool          // store -> key -> values known
	blind  int                                   // how many writers have not read, of four, less one
	busy   int                                   // one of so many messages is followed by a write
	last   bool                                  // stores keep the last writer: only equality is asked for
	cut    int

	side    []int // stores of one side reach each other
	skew    []int // seconds by which wall clocks are wrong
	backups []image
	dots    map[string]clock.Dot // of the names in truth
	clock   int                  // seconds

	partitions, restarts, incarnations, restores int
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 1)), truth: map[string]map[string]map[string]bool{}, dots: map[string]clock.Dot{}}
	w.side, w.skew, w.backups = make([]int, 5), make([]int, 5), make([]image, 5)
	w.last, w.blind, w.busy = w.rng.IntN(4) == 0, w.rng.IntN(4)-1, 1+w.rng.IntN(6)
	for i := range 5 {
		m := newMem(byte(i + 1))
		m.last = w.last
		w.stores = append(w.stores, m)
		w.seen = append(w.seen, map[string]map[string]bool{})
	}
	for i := range 1 + w.rng.IntN(6) {
		w.keys = append(w.keys, fmt.Sprint("k", i))
	}
	if w.rng.IntN(20) == 0 { // enough for a digest with parts
		for i := range 200 {
			w.keys = append(w.keys, fmt.Sprint("m", i))
		}
	}
	return w
}

// write lets somebody write. A value is known to its store by the dots that the object's context covers: what is seen is computed from them.
func (w *world) write() {
	i, k := w.rng.IntN(5), w.keys[w.rng.IntN(len(w.keys))]
	s := w.stores[i]
	w.n++
	value, blind := fmt.Sprint("v", w.n, w.stamp(i)), w.rng.IntN(4) <= w.blind
	gone := len(s.live(k)) > 0 && w.rng.IntN(3) == 0
	if w.truth[k] == nil {
		w.truth[k] = map[string]map[string]bool{}
	}
	past := map[string]bool{}
	if gone || !blind {
		for _, one := range s.objects[k].Siblings() { // what the write replaces
			past[name(k, one.Dot.String())] = true
			for of := range w.truth[k][name(k, one.Dot.String())] { // and what that one has replaced
				if of[0] != '=' {
					past[of] = true
				}
			}
		}
	}
	if gone {
		s.write(k, "", false)
		value = ""
	} else {
		s.write(k, value, blind)
	}
	for _, one := range s.objects[k].Siblings() {
		if one.Dot.Actor == s.actor && one.Dot.Counter == s.counter {
			w.truth[k][name(k, one.Dot.String())] = past
			w.dots[name(k, one.Dot.String())] = one.Dot
			past["="] = true
			past["="+value] = true
		}
	}
}

func name(k, dot string) string { return k + "@" + dot }

// live runs sessions in disorder.
func (w *world) live() error {
	for range 20 + w.rng.IntN(40) {
		switch w.rng.IntN(7) {
		case 0, 1:
			w.write()
		case 2:
			w.stores[w.rng.IntN(5)].reap(w.stores)
		case 3:
			if err := w.befall(); err != nil {
				return err
			}
		default:
			a, b := w.pair()
			if !w.meets(a, b) {
				continue
			}
			if err := w.session(a, b); err != nil {
				return fmt.Errorf("session of %d and %d: %w", a, b, err)
			}
		}
	}
	return nil
}

func (w *world) pair() (a, b int) {
	a = w.rng.IntN(5)
	b = (a + 1 + w.rng.IntN(4)) % 5
	return a, b
}

// session runs one, perhaps not to its end, while others write.
func (w *world) session(a, b int) error {
	begins := w.rng.IntN(4)
	p := newPump(w.stores[a], w.stores[b], Plan{NoSince: begins == 0, NoStart: begins == 1})
	busy := w.rng.IntN(2) == 0
	p.between = func() {
		if busy && w.rng.IntN(w.busy) == 0 {
			w.write()
		}
	}
	if err := p.begin(); err != nil {
		return err
	}
	left := -1
	if w.rng.IntN(3) == 0 {
		left = w.rng.IntN(12)
	}
	for steps := 0; ; steps++ {
		if _, _, ok := p.i.Result(); ok {
			return nil
		}
		if steps > 100_000 {
			return errStuck
		}
		if left == 0 { // the link is cut, because of a process that ends or without
			w.cut++
			if w.rng.IntN(4) == 0 {
				w.restarts++
				s := w.stores[[]int{a, b}[w.rng.IntN(2)]]
				return s.reopen(s.image())
			}
			return nil
		}
		left--
		moves := []func() (bool, error){
			p.send,
			func() (bool, error) { return p.toResponder(1 + w.rng.IntN(4)) },
			func() (bool, error) { return p.toInitiator(1 + w.rng.IntN(4)) },
		}
		w.rng.Shuffle(3, func(i, j int) { moves[i], moves[j] = moves[j], moves[i] })
		moved := false
		for _, m := range moves {
			ok, err := m()
			if err != nil {
				return err
			}
			if moved = ok; ok {
				break
			}
		}
		if !moved {
			return errStuck
		}
	}
}

// settle brings all together, and holds them to the promise.
func (w *world) settle() error {
	for round := 0; ; round++ {
		if round > 3 {
			return fmt.Errorf("not equal after %d rounds: %v", round, w.stores)
		}
		for a := range w.stores {
			for b := range w.stores {
				if a == b {
					continue
				}
				r, err := newPump(w.stores[a], w.stores[b], Plan{}).run()
				if err != nil {
					return err
				}
				if r.Outcome != OK || !r.Equal {
					return fmt.Errorf("a quiet session ends %v, equal %v: %+v", r.Outcome, r.Equal, r)
				}
			}
		}
		same := true
		for _, s := range w.stores {
			same = same && s.root() == w.stores[0].root()
		}
		if same {
			break
		}
	}
	if w.last {
		return nil
	}
	for _, k := range w.keys {
		if got, want := w.stores[0].live(k), w.want(k); !slices.Equal(got, want) {
			return fmt.Errorf("key %s has %v, not %v", k, got, want)
		}
	}
	return nil
}

// want gives the values that no write has replaced.
func (w *world) want(k string) []string {
	var list []string
	for dot, past := range w.truth[k] {
		replaced := false
		for _, other := range w.truth[k] {
			replaced = replaced || other[dot]
		}
		for v := range past {
			if !replaced && len(v) > 1 && v[0] == '=' {
				list = append(list, v[1:])
			}
		}
	}
	slices.Sort(list)
	return list
}

// TestSimulationFinds: stores with a fault that loses writes are found out.
func TestSimulationFinds(t *testing.T) {
	for name, spoil := range map[string]func(*mem){
		"a walk that misses writes":   func(m *mem) { m.behind = true },
		"a clock that is taken early": func(m *mem) { m.greedy = true },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1500); seed < 20_000; seed++ {
				w := newWorld(seed)
				for _, m := range w.stores {
					spoil(m)
				}
				if w.live() != nil || w.settle() != nil {
					t.Logf("seed %d", seed)
					return
				}
			}
			t.Fatal("it was not found")
		})
	}
}

// TestSimulationIsRepeatable: a seed is one run, so that a loss can be looked at again.
func TestSimulationIsRepeatable(t *testing.T) {
	a, b := newWorld(7), newWorld(7)
	require.NoError(t, a.live())
	require.NoError(t, b.live())
	for i := range a.stores {
		require.Equal(t, a.stores[i].root(), b.stores[i].root())
	}
}
