package sync

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/sketch"
	"handfast/refimpl/store"
)

// Sketch lets sessions of mem use cells.
func (m *mem) Sketch(_ string, cells int) *sketch.Sketch {
	s, err := sketch.New(m.Salt(), cells)
	if err != nil {
		return nil
	}
	for k, set := range m.objects {
		if !m.broken[k] {
			s.Add(set.Item(m.Salt(), m.ns, k))
		}
	}
	return s
}

// script is a source of random numbers that a fuzzer decides as long as it has bytes.
type script struct {
	b    []byte
	rest *rand.PCG
}

// Uint64 spreads a byte over the number, because most choices are made by its highest bits.
func (s *script) Uint64() uint64 {
	if len(s.b) == 0 {
		return s.rest.Uint64()
	}
	v := uint64(s.b[0]) * 0x0101010101010101
	s.b = s.b[1:]
	return v
}

// meddler stands between two cores: it hands on what they say in any order, twice, changed, or not at all, and meanwhile the stores change.
type meddler struct {
	t    *testing.T
	rng  *rand.Rand
	p    *pump
	old  [][]byte // what was said
	over bool
}

// step does one thing.
func (m *meddler) step() error {
	p, r := m.p, m.rng
	way := &p.toR
	if r.IntN(2) == 0 {
		way = &p.toI
	}
	var err error
	switch r.IntN(16) {
	case 0, 1, 2:
		_, err = p.send()
	case 3, 4, 5, 6:
		_, err = p.toResponder(1 + r.IntN(3))
	case 7, 8, 9, 10:
		_, err = p.toInitiator(1 + r.IntN(3))
	case 11:
		s := []*mem{p.from, p.to}[r.IntN(2)]
		s.write(fmt.Sprint("k", r.IntN(30)), []string{"", "v", "w"}[r.IntN(3)], r.IntN(2) == 0)
	case 12:
		s := []*mem{p.from, p.to}[r.IntN(2)]
		s.broken[fmt.Sprint("k", r.IntN(30))] = r.IntN(2) == 0
		s.full = r.IntN(8) == 0
		s.cached = nil
	case 13:
		if n := len(*way); n > 0 {
			*way = append((*way)[:0:0], (*way)[1+r.IntN(n):]...) // lost
		}
	case 14:
		if len(m.old) > 0 {
			*way = append(*way, m.old[r.IntN(len(m.old))]) // said again, or by the other side
		}
	default:
		if n := len(*way); n > 0 {
			at := r.IntN(n)
			msg := append([]byte(nil), (*way)[at]...)
			switch r.IntN(3) {
			case 0:
				msg = msg[:r.IntN(len(msg)+1)]
			case 1:
				msg = append(msg, byte(r.Uint32()), byte(r.Uint32()))
			}
			for range r.IntN(3) {
				if len(msg) > 0 {
					msg[r.IntN(len(msg))] = byte(r.Uint32())
				}
			}
			(*way)[at] = msg
		}
	}
	for _, msg := range p.trace[len(m.old):] {
		m.old = append(m.old, msg.msg)
	}
	return err
}

// holds checks what is true at any moment, whatever the other side has said.
func (m *meddler) holds() {
	t, p := m.t, m.p
	for _, one := range []struct {
		name    string
		c       codec.SyncComplete
		pending int
	}{{"initiator", p.i.Counts(), len(p.i.pending)}, {"responder", p.r.Counts(), len(p.r.pending)}} {
		c := one.c
		require.LessOrEqual(t, c.Acked, c.Sent, one.name)
		require.Equal(t, c.Received, c.NoOps+c.Applied+c.Siblings+c.Rejected+uint64(one.pending), one.name)
	}
	require.LessOrEqual(t, len(p.i.asked), window)
	require.LessOrEqual(t, len(p.i.pulled), mostPulled)
	require.LessOrEqual(t, len(p.i.bad), maxBad)
	require.LessOrEqual(t, len(p.r.bad), maxBad)
	for _, s := range []*mem{p.from, p.to} {
		require.LessOrEqual(t, s.node.Max(s.actor), s.counter, "a write of this store that it has never made")
	}
	over := p.i.Phase() == stateOver.String()
	require.False(t, m.over && !over, "a session that is over goes on")
	m.over = over
}

// FuzzCores: two cores of a session that talk through somebody who changes, repeats, drops and forges what they say, while their stores change and break. Whatever
// comes: the errors are those of the stream, with code and requirement, every count is in order, memory is bounded, no store comes to
// have a write of its own that it never made, and a message that is sent is one that the other side's parser takes.
func FuzzCores(f *testing.F) {
	seed := make([]byte, 0, 600)
	for r := rand.NewPCG(1, 1); len(seed) < 600; {
		seed = append(seed, byte(r.Uint64()))
	}
	for flags := range uint8(16) {
		f.Add(seed[:40*int(flags)], flags)
	}
	f.Fuzz(func(t *testing.T, b []byte, flags uint8) {
		from, to := newMem(1), newMem(2)
		for n := range 1 + int(flags>>4)*12 { // up to 180 objects: digests with parts
			for i, s := range []*mem{from, to} {
				if (n+i)%3 > 0 {
					s.write(fmt.Sprint("k", n), "first", true)
				}
			}
		}
		p := newPump(from, to, Plan{NoSince: flags&1 != 0, NoCells: flags&2 != 0, DryRun: flags&12 == 12, NoStart: flags&10 == 8})
		if flags&4 != 0 {
			p.i.UseCells(64)
			p.r.UseCells(64)
		}
		m := &meddler{t: t, rng: rand.New(&script{b, rand.NewPCG(uint64(len(b)), 1)}), p: p}
		require.NoError(t, p.begin())
		for range min(400, 16+len(b)) {
			if err := m.step(); err != nil {
				requireFault(t, err)
				break
			}
			m.holds()
		}
		for _, said := range p.trace {
			parse := codec.ParseSyncAnswer
			if said.fromInitiator {
				parse = codec.ParseSyncRequest
			}
			_, err := parse(said.msg)
			require.NoError(t, err)
		}
	})
}

// requireFault: what ends a session is an error of the stream with code and requirement, or one of the store.
func requireFault(t *testing.T, err error) {
	t.Helper()
	if e, ok := errors.AsType[*codec.Error](err); ok {
		require.Equal(t, codec.ScopeStream, e.Scope)
		require.NotZero(t, e.Code)
		require.NotEmpty(t, e.Req)
		return
	}
	require.NotEmpty(t, store.CodeOf(err), "%T %v", err, err)
}
