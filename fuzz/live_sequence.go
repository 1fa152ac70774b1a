package fuzz

import (
	"errors"

	"handfast/codec"
)

func asFault(err error) (*codec.Error, bool) { return errors.AsType[*codec.Error](err) }

// State is where a link and its streams are when the frames of a sequence come.
type State int

// The states. Those from Attached on need a peer that serves mirror.
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
	Working                // a call that is at work, of which this side has sent FIN
	Several                // some streams at once
	UsedUp                 // as many streams as were granted, all of which have ended
	Draining               // DRAIN was sent
	Closing                // CLOSE was sent
	Attached               // a channel is attached
	Recorded               // some records of a channel were sent, the last one not whole
	Ended                  // a channel whose stream has ended by FIN of both sides
	Offered                // the peer has offered a channel of its own
	Mirrored               // this side has accepted it
	stateCount
)

// String names the state.
func (s State) String() string {
	return [...]string{
		"before HELLO", "before READY", "no stream", "open stream", "half-closed stream", "message in parts", "stream reset", "stream rejected", "call answered", "call at work", "several streams",
		"streams used up", "draining", "after CLOSE", "channel attached", "record in parts", "channel ended", "channel of the peer offered", "channel of the peer",
	}[s]
}

// sequence is what is sent on one link.
type sequence struct {
	seed     uint64
	index    uint64
	state    State
	delivery bool     // it offers the capability, and mirror
	raw      []byte   // in the place of an opening, in state Unopened
	lead     [][]byte // frames that lead to the state
	await    []await  // what is waited for behind them
	grants   uint64   // so many streams have to be granted, too
	fuzz     [][]byte // frames that are tried there
}

// newSequence makes the sequence of a number: the same for the same seed and what the peer serves.
func newSequence(seed, index uint64, k kit) *sequence {
	g := &generator{random: newRandom(seed, index)}
	s := &sequence{seed: seed, index: index}
	count := int(Attached)
	if k.mirror {
		count = int(stateCount)
	}
	s.state = State(g.IntN(count))
	if s.state == Unopened && !g.one(3) || s.state == UsedUp && !g.one(8) { // the least interesting, and the dearest
		s.state = State(1 + g.IntN(int(Rejected)))
	}
	s.delivery = s.state >= Attached || g.one(4)
	g.leads(s, k)
	if s.state == Unopened {
		s.raw = g.opening()
		if g.one(4) {
			s.raw = g.mutate(context{what: "opening"}, s.raw, nil)
		}
		return s
	}
	m := newModel(s, k)
	m.judge(s.lead)
	m.assume(s.await)
	m.granted = s.grants
	m.judge(s.reply(nil))
	c := context{what: "frame", beforeReady: s.state == Greeted}
	for range 1 + g.IntN(5) {
		var b []byte
		if s.state != Greeted && !g.one(3) {
			b = g.move(m)
		} else {
			b = g.strange(c)
		}
		if _, n, err := codec.ParseFrame(b, m.limit()); err == nil {
			b = b[:n]
		}
		e, stop := m.next(b)
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

// strange makes a frame by the grammar of the registry, on a stream that there may be.
func (g *generator) strange(c context) []byte {
	b := g.oneFrame(nil, c)
	if g.one(4) {
		b = g.mutate(c, b, nil)
	}
	if !g.one(4) {
		b = onStream(b, uint32(1+2*g.IntN(4)))
	}
	return b
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

// leads gives the frames that lead to a state, and what they wait for.
func (g *generator) leads(s *sequence, k kit) {
	request, err := codec.AppendCallRequest(nil, "echo", 1000, []byte("fuzz"))
	if err != nil {
		return // it is as it should be
	}
	first := func(what wait) { s.await = []await{{1, what}} }
	switch s.state {
	case Opened:
		s.lead = [][]byte{openCall(1)}
		first(waitAnswer)
	case Half:
		s.lead = [][]byte{openCall(1), dataFrame(1, codec.FlagFin, request)}
	case Called:
		s.lead = [][]byte{openCall(1), dataFrame(1, codec.FlagFin, request)}
		if k.echo {
			first(waitEnd)
		}
	case Working:
		sleep, err := codec.AppendCallRequest(nil, "sleep", 0, sleepArgs(sleepMS))
		if err == nil && k.sleep {
			s.lead = [][]byte{openCall(1), dataFrame(1, codec.FlagFin, sleep)}
			first(waitAnswer)
		}
	case Joining:
		s.lead = [][]byte{openCall(1), dataFrame(1, codec.FlagMore, request[:len(request)/2])}
		first(waitAnswer)
	case ResetSent:
		s.lead = [][]byte{openCall(1), messageFrame(codec.Reset{Stream: 1, Code: codec.CodeCancelled})}
	case Rejected:
		s.lead = [][]byte{messageFrame(codec.Open{Stream: 1, Proto: "x.nobody", Ver: 1})}
		first(waitReject)
	case Several:
		s.lead = [][]byte{openCall(1), dataFrame(1, 0, request), openCall(3), openCall(5), dataFrame(5, codec.FlagMore, request[:3])}
		s.await = []await{{3, waitAnswer}, {5, waitAnswer}}
	case UsedUp:
		g.useUp(s, k)
	case Draining:
		s.lead = [][]byte{openCall(1), messageFrame(codec.Drain{Last: codec.DrainUndecided})}
	case Closing:
		s.lead = [][]byte{messageFrame(codec.Close{})}
	case Attached, Recorded, Ended, Offered, Mirrored:
		s.lead = [][]byte{openMaster(1, master, firstNext)}
		first(waitAnswer)
		if s.state >= Offered {
			s.await = append(s.await, await{2, waitOpened})
		}
	}
}

// useUp opens as many streams as the peer grants at first. They end by REJECT or, as many as no peer calls a flood, by RESET.
func (g *generator) useUp(s *sequence, k kit) {
	const most, resets = 300, 90 // streams; a peer that grants more is left in peace
	n := uint32(min(k.limits.Streams, most+1))
	if n == 0 || n > most {
		return
	}
	reset := g.one(2)
	for i := range n {
		id := 2*i + 1
		if reset && i < resets {
			s.lead = append(s.lead, openCall(id), messageFrame(codec.Reset{Stream: id, Code: codec.CodeCancelled}))
			continue
		}
		s.lead = append(s.lead, messageFrame(codec.Open{Stream: id, Proto: "x.nobody", Ver: 1}))
		s.await = append(s.await, await{id, waitReject})
	}
	s.grants = uint64(n) + uint64(n)/4 // a peer may wait until half of its grant is used up
}

// reply gives the frames that depend on what has come: o is what came on the streams, or nil where it is not known yet.
func (s *sequence) reply(o *outcome) [][]byte {
	stable := uint64(0) // where nothing is known
	switch s.state {
	case Recorded:
		if o == nil || o.at(1) {
			return [][]byte{recordsFrame(1, codec.FlagMore, 1, []byte("one"), []byte("two"), []byte("thr"))}
		}
	case Ended:
		if o == nil || o.at(1) {
			return [][]byte{recordsFrame(1, codec.FlagFin, 1, []byte("one"), []byte("two"))}
		}
	case Mirrored:
		if o != nil {
			a := o.streams[2]
			if a == nil || a.opened == nil || a.opened.Channel == nil || a.over() {
				return nil
			}
			stable = a.opened.Channel.Next - 1 // so that the peer forgets what it keeps
		}
		return [][]byte{messageFrame(codec.Accept{Stream: 2, Channel: &codec.Position{State: codec.PositionKept, Stable: stable}})}
	}
	return nil
}

// at tells whether the channel of a stream was attached at its beginning.
func (o *outcome) at(id uint32) bool {
	a := o.streams[id]
	return a != nil && !a.over() && a.accepted != nil && a.accepted.Channel != nil && a.accepted.Channel.Stable == 0
}
