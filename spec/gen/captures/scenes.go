package main

import (
	"encoding/binary"
	"errors"

	"handfast/codec"
	"handfast/spec/exchange"
)

// scene is one capture.
type scene struct {
	name string
	play func(t *tape) error
}

var scenes = []scene{
	{"exchange", playExchange},
	{"other-port", playOtherPort},
	{"refuse", playRefuse},
	{"segments", playSegments},
	{"frames", playFrames},
	{"sync", playSync},
	{"realtime", playRealtime},
	{"gap", playGap},
	{"fault-opening-checksum", faulty(0, func(b []byte) []byte { b[23] ^= 1; return b })},
	{"fault-header-checksum", faulty(openStep, func(b []byte) []byte { b[15] ^= 1; return b })},
	{"fault-trailer", faulty(openStep, func(b []byte) []byte { b[len(b)-1] ^= 1; return b })},
	{"fault-length", faulty(openStep, func([]byte) []byte { return header(codec.TypeData, 1, 0x7FFF_FFFF) })},
	{"fault-type", faulty(openStep, func([]byte) []byte { return codec.AppendFrame(nil, codec.Header{Type: 0xFF}, nil) })},
	{"fault-size", faulty(openStep, func([]byte) []byte {
		return codec.AppendFrame(nil, codec.Header{Type: codec.TypePing}, make([]byte, 23))
	})},
	{"fault-piece", faulty(openStep+1, func([]byte) []byte {
		return codec.AppendFrame(nil, codec.Header{Type: codec.TypeData, Stream: 1}, []byte{0, 0, 0, 9, 1, 2, 3})
	})},
	{"fault-sync", playFaultySync},
	{"fault-msgpack-order", faulty(openStep, badOpen("\x82\xA3ver\x01\xA5proto\xA4call"))},
	{"fault-msgpack-long", faulty(openStep, badOpen("\x82\xA5proto\xA4call\xA3ver\xCC\x01"))},
	{"fault-msgpack-float", faulty(openStep, badOpen("\x82\xA5proto\xA4call\xA3ver\xCA\x3F\x80\x00\x00"))},
	{"fault-msgpack-rest", faulty(openStep, badOpen("\x82\xA5proto\xA4call\xA3ver\x01\xC0"))},
	{"fault-msgpack-short", faulty(openStep, badOpen("\x82\xA5proto\xA4call\xA3ver\x9F"))},
}

// openStep is the index of OPEN among the steps of the exchange.
const openStep = 6

// header gives a header with a good checksum and nothing behind it.
func header(typ codec.Type, stream, length uint32) []byte {
	b := []byte{byte(typ), 0, 0, 0}
	b = binary.BigEndian.AppendUint32(b, length)
	b = binary.BigEndian.AppendUint32(b, stream)
	return binary.BigEndian.AppendUint32(b, codec.Checksum(b))
}

// badOpen gives an OPEN with a body that only its MessagePack is wrong in.
func badOpen(body string) func([]byte) []byte {
	return func([]byte) []byte {
		return codec.AppendFrame(nil, codec.Header{Type: codec.TypeOpen, Stream: 1}, []byte(body))
	}
}

// playExchange is chapter 1 of SPEC.md, one segment for each step.
func playExchange(t *tape) error {
	x, err := exchange.Build()
	if err != nil {
		return err
	}
	t.connect()
	for _, s := range x.Steps {
		t.send(s.From, s.Bytes)
	}
	t.part()
	return nil
}

// playOtherPort is the same over IPv6 and on a port that nothing is registered for, so that only the magic shows what it is.
func playOtherPort(t *tape) error {
	t.ipv6 = true
	t.ends[exchange.Acceptor].port = 50001
	return playExchange(t)
}

// faulty is the exchange up to a step, which is replaced.
func faulty(step int, damage func([]byte) []byte) func(t *tape) error {
	return func(t *tape) error {
		x, err := exchange.Build()
		if err != nil {
			return err
		}
		t.connect()
		for _, s := range x.Steps[:step] {
			t.send(s.From, s.Bytes)
		}
		bad := x.Steps[step]
		t.send(bad.From, damage(bad.Bytes))
		t.part()
		return nil
	}
}

// playRefuse is a HELLO that gets a REFUSE.
func playRefuse(t *tape) error {
	x, err := exchange.Build()
	if err != nil {
		return err
	}
	r := codec.Refuse{Code: codec.CodeNeedUnmet, Need: []string{"tls.bind"}, RetryMS: 60_000, HasRetry: true, Text: "this port wants TLS", Vers: []uint16{1}}
	refuse, err := r.AppendOpening(nil)
	if err != nil {
		return err
	}
	t.connect()
	t.send(exchange.Dialer, x.Steps[0].Bytes)
	t.send(exchange.Acceptor, refuse)
	t.part()
	return nil
}

// playSegments is the exchange cut without regard to frames: segments that hold parts of several, single bytes, and some that come late, twice,
// or with other limits than the first time.
func playSegments(t *tape) error {
	x, err := exchange.Build()
	if err != nil {
		return err
	}
	t.connect()
	sizes := []int{1, 2, 5, 13, 34, 89, 233, 300, 3, 8, 21, 55, 144}
	cut := 0
	for _, f := range flights(&x) {
		next := func(size int) []byte {
			taken := f.bytes[:min(size, len(f.bytes))]
			f.bytes = f.bytes[len(taken):]
			return taken
		}
		for ; len(f.bytes) > 0; cut++ {
			size := sizes[cut%len(sizes)]
			first, second := next(size), next(size+2)
			switch {
			case cut%4 == 1 && len(second) > 0: // the second before the first
				seq := t.pass(f.from, first)
				t.send(f.from, second)
				t.segment(f.from, seq, "PA", first)
			case cut%4 == 2: // the first again, and with it half of the second
				seq := t.ends[f.from].seq
				t.send(f.from, first)
				both := append(append([]byte(nil), first...), second...)
				t.segment(f.from, seq, "PA", both[:len(first)+len(second)/2])
				t.send(f.from, second)
			default:
				t.send(f.from, first)
				if len(second) > 0 {
					t.send(f.from, second)
				}
			}
		}
	}
	t.part()
	return nil
}

// flight is what one side sends before the other does: no segment holds more, because what follows answers the other side.
type flight struct {
	from  exchange.Side
	bytes []byte
}

func flights(x *exchange.Exchange) []flight {
	var all []flight
	for _, s := range x.Steps {
		if n := len(all); n > 0 && all[n-1].from == s.From {
			all[n-1].bytes = append(all[n-1].bytes, s.Bytes...)
			continue
		}
		all = append(all, flight{s.From, append([]byte(nil), s.Bytes...)})
	}
	return all
}

// playGap is the exchange of which the capture has lost one segment, in the middle of what the acceptor sends.
func playGap(t *tape) error {
	x, err := exchange.Build()
	if err != nil {
		return err
	}
	t.connect()
	for i, s := range x.Steps {
		if i == 3 {
			t.pass(s.From, s.Bytes)
			continue
		}
		t.send(s.From, s.Bytes)
	}
	t.part()
	return nil
}

// playFrames is one frame of every type, in an order that the rules allow as far as one link can: the types of delivery stand there
// without its capability, and are unknown (FRAME-015).
func playFrames(t *tape) error {
	x, err := exchange.Build()
	if err != nil {
		return err
	}
	t.connect()
	for _, s := range x.Steps[:6] {
		t.send(s.From, s.Bytes)
	}
	open := func(id uint32) []byte {
		return must(&err, func() ([]byte, error) { return codec.Open{Stream: id, Proto: "call", Ver: 1}.AppendFrame(nil) })
	}
	data := func(id uint32, flags codec.Flags, pieces ...[]byte) []byte {
		return codec.Data{Stream: id, Pieces: codec.NewPieces(flags, pieces...)}.AppendFrame(nil)
	}
	request := must(&err, func() ([]byte, error) { return codec.AppendCallRequest(nil, "discard", 0, []byte("a longer argument")) })
	failed := must(&err, func() ([]byte, error) {
		return (&codec.CallError{Code: codec.CodeCallFailed, Name: "disk.full", Text: "no space is left", Processed: codec.ProcessedMaybe,
			RetryMS: codec.RetryNever, HasRetry: true, Data: []byte{1, 2, 3}}).Append(nil)
	})
	ack := must(&err, func() ([]byte, error) {
		return codec.Ack{Stream: 4, Stable: 9, DelayUS: 1500, Ranges: []codec.Range{{First: 11, Last: 12}, {First: 20, Last: 20}}}.AppendFrame(nil)
	})
	accept := must(&err, func() ([]byte, error) { return codec.Accept{Stream: 1}.AppendFrame(nil) })
	wall := start.UnixNano()
	for _, s := range []struct {
		from  exchange.Side
		bytes []byte
	}{
		{'>', codec.Ping{Echo: 7, T1: wall, ErrUS: codec.UnknownError}.AppendFrame(nil)},
		{'<', codec.Pong{Echo: 7, T1: wall, T2: wall + 1_000_000, T3: wall + 1_250_000, HoldUS: 250, ErrUS: 500, Clock: codec.ClockStepped}.AppendFrame(nil)},
		{'>', open(1)},
		{'<', accept},
		{'>', data(1, codec.FlagMore, request[:5])},
		{'>', codec.Credit{Max: 9_000_000}.AppendFrame(nil)},
		{'>', data(1, codec.FlagMore, request[5:20])},
		{'>', data(1, 0, request[20:], codec.AppendCallArg(nil, []byte("first")), codec.AppendCallArg(nil, nil))},
		{'>', data(1, codec.FlagFin)},
		{'<', data(1, 0, codec.AppendCallReply(nil, []byte{0x81, 0xA1, 'n', 2}))},
		{'<', data(1, codec.FlagFin, failed)},
		{'<', codec.Credit{Stream: 1, Max: 300_000}.AppendFrame(nil)},
		{'<', codec.Streams{Max: 257}.AppendFrame(nil)},
		{'>', open(3)},
		{'<', codec.Reject{Stream: 3, Code: codec.CodeOverloaded, RetryMS: 500, Text: "later"}.AppendFrame(nil)},
		{'>', open(5)},
		{'>', codec.Reset{Stream: 5, Code: codec.CodeCancelled}.AppendFrame(nil)},
		{'>', codec.Records{Stream: 4, Flags: codec.FlagPossibleDup, Seq: 5, Pieces: codec.NewPieces(0, []byte("one"), []byte("two"))}.AppendFrame(nil)},
		{'<', ack},
		{'>', codec.Gap{Stream: 4, From: 13, To: 19, Reason: 3}.AppendFrame(nil)},
		{'>', codec.AppendFrame(nil, codec.Header{Type: 0x42, Stream: 9}, []byte("an extension"))},
		{'>', codec.Drain{Last: codec.DrainUndecided, Code: codec.CodeShutdown, DeadlineMS: 30_000}.AppendFrame(nil)},
		{'>', codec.Close{Code: codec.CodeShutdown, RetryMS: 1000, Text: "restart"}.AppendFrame(nil)},
	} {
		t.send(s.from, s.bytes)
	}
	t.part()
	return err
}

// must collects the errors of encoders.
func must(all *error, f func() ([]byte, error)) []byte {
	b, err := f()
	*all = errors.Join(*all, err)
	return b
}
