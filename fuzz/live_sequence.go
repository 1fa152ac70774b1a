package fuzz

import (
	"errors"

	"handfast/codec"
)

func asFault(err error) (*codec.Error, bool) { return errors.AsType[*codec.Error](err) }

// State is where a link and its streams are when the frames of a sequence come.
type State int

// The states.
const (
	Unopened  State = iota // nothing was said
	Greeted                // HELLO was sent and received, READY was not
	Idle                   // READY was sent and received; no stream
	Opened                 // a stream is open, its request not whole
	Half                   // a stream of which this side has sent FIN
	Joining                // a message in parts is not whole
	ResetSent              // a stream was reset
	Rejected               // a stream of a sub-protocol that nobody speaks
	Called                 // a call that was answered
	Several                // some streams at once
	Draining               // DRAIN was sent
	Closing                // CLOSE was sent
	stateCount
)

// String names the state.
func (s State) String() string {
	return [...]string{
		"before HELLO", "before READY", "no stream", "open stream", "half-closed stream", "message in parts", "stream reset", "stream rejected", "call answered", "several streams", "draining", "after CLOSE",
	}[s]
}

// sequence is what is sent on one link.
type sequence struct {
	seed  uint64
	index uint64
	state State
	raw   []byte   // in the place of an opening, in state Unopened
	lead  [][]byte // frames that lead to the state
	fuzz  [][]byte // frames that are tried there
}

// newSequence makes the sequence of a number: the same for the same seed.
func newSequence(seed, index uint64) *sequence {
	g := &generator{random: newRandom(seed, index)}
	s := &sequence{seed: seed, index: index, state: State(g.IntN(int(stateCount)))}
	if s.state == Unopened && !g.one(3) { // one state of twelve, and the least interesting
		s.state = State(1 + g.IntN(int(stateCount)-1))
	}
	s.lead = g.lead(s.state)
	if s.state == Unopened {
		s.raw = g.opening()
		if g.one(4) {
			s.raw = g.mutate(context{what: "opening"}, s.raw, nil)
		}
		return s
	}
	c := context{what: "frame", beforeReady: s.state == Greeted}
	for range 1 + g.IntN(5) {
		b := g.oneFrame(nil, c)
		if g.one(4) {
			b = g.mutate(c, b, nil)
		}
		if !g.one(4) {
			b = onStream(b, uint32(1+2*g.IntN(4)))
		}
		f := newModel(s.state)
		if _, n, err := codec.ParseFrame(b, f.limit()); err == nil {
			b = b[:n]
		}
		e, stop := f.next(b)
		if stop && e.alive { // not whole: what is behind it would be a part of it
			continue
		}
		s.fuzz = append(s.fuzz, b)
		if stop {
			break
		}
	}
	return s
}

// onStream puts a frame of a stream on a stream that there is. Checksums that were right stay so.
func onStream(b []byte, id uint32) []byte {
	f, n, err := codec.ParseFrame(b, 1<<20)
	if err != nil || n != len(b) || f.Stream == 0 {
		return b
	}
	f.Stream = id
	return codec.AppendFrame(nil, f.Header, f.Payload)
}

// lead gives the frames that lead to a state.
func (g *generator) lead(s State) [][]byte {
	frame := func(m codec.Message) []byte {
		b, err := m.AppendBinary(nil)
		if err != nil {
			return nil // none of those below
		}
		return b
	}
	open := func(id uint32) []byte { return frame(codec.Open{Stream: id, Proto: "call", Ver: 1}) }
	request, err := codec.AppendCallRequest(nil, "echo", 1000, []byte("fuzz"))
	if err != nil {
		return nil // it is as it should be
	}
	data := func(id uint32, flags codec.Flags, piece []byte) []byte {
		return frame(codec.Data{Stream: id, Pieces: codec.NewPieces(flags, piece)})
	}
	switch s {
	case Opened:
		return [][]byte{open(1)}
	case Half, Called:
		return [][]byte{open(1), data(1, codec.FlagFin, request)}
	case Joining:
		return [][]byte{open(1), data(1, codec.FlagMore, request[:len(request)/2])}
	case ResetSent:
		return [][]byte{open(1), frame(codec.Reset{Stream: 1, Code: codec.CodeCancelled})}
	case Rejected:
		return [][]byte{frame(codec.Open{Stream: 1, Proto: "x.nobody", Ver: 1})}
	case Several:
		return [][]byte{open(1), data(1, 0, request), open(3), open(5), data(5, codec.FlagMore, request[:3])}
	case Draining:
		return [][]byte{open(1), frame(codec.Drain{Last: codec.DrainUndecided})}
	case Closing:
		return [][]byte{frame(codec.Close{})}
	}
	return nil
}
