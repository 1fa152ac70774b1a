package fuzz

import (
	"bytes"
	stdcontext "context"
	"encoding/binary"
	"slices"

	"handfast/codec"
)

// kit is what the peer serves, as good links have shown. Its zero value is a peer of which nothing is known.
type kit struct {
	limits   codec.Limits
	call     bool // it serves call, version 1
	echo     bool // it answers echo of the test kit
	sleep    bool // it answers sleep
	mirror   bool // it selects delivery, and serves mirror, version 1
	delivery bool // it selects delivery
}

// Names that the sequences use.
const (
	protoCall   = "call"
	protoMirror = "mirror"
	master      = "fuzz" // name of the channel, whose mirror is fuzz~
	firstNext   = 11     // next of a channel that is offered for the first time
)

// sleepMS is how long a call sleeps that is to be at work while a sequence is played, ms.
const sleepMS = 5000

// learnKit finds out what the peer serves.
func (l *live) learnKit(ctx stdcontext.Context, hello *codec.Hello, agreed *codec.Agreement) {
	k := kit{limits: hello.Limits, call: agreed.Protos[protoCall] == 1, delivery: agreed.Caps["delivery"] == true}
	k.mirror = k.delivery && agreed.Protos[protoMirror] == 1
	l.kit = k
	if !k.call {
		return
	}
	try := func(method string, args []byte, want []byte) bool {
		request, err := codec.AppendCallRequest(nil, method, 1000, args)
		if err != nil {
			return false
		}
		s := &sequence{state: Called, lead: [][]byte{openCall(1), dataFrame(1, codec.FlagFin, request)}, await: []await{{1, waitEnd}}}
		o := l.play(ctx, s, 0)
		a := o.streams[1]
		return a != nil && slices.Equal(a.first, want) // whether it ends is for the sequences to find
	}
	l.kit.echo = try("echo", []byte("fuzz"), append([]byte{byte(codec.CallKindReply)}, "fuzz"...))
	l.kit.sleep = try("sleep", sleepArgs(1), []byte{byte(codec.CallKindReply)})
}

// sleepArgs are the arguments of sleep.
func sleepArgs(ms uint64) []byte {
	return codec.AppendUint(codec.AppendStr(codec.AppendMapHeader(nil, 1), "ms"), ms)
}

func messageFrame(m codec.Message) []byte {
	b, err := m.AppendBinary(nil)
	if err != nil {
		return nil // the sequences make none of those
	}
	return b
}

func openCall(id uint32) []byte {
	return messageFrame(codec.Open{Stream: id, Proto: protoCall, Ver: 1})
}

func dataFrame(id uint32, flags codec.Flags, pieces ...[]byte) []byte {
	return messageFrame(codec.Data{Stream: id, Pieces: codec.NewPieces(flags, pieces...)})
}

func recordsFrame(id uint32, flags codec.Flags, seq uint64, pieces ...[]byte) []byte {
	return messageFrame(codec.Records{Stream: id, Flags: flags, Seq: seq, Pieces: codec.NewPieces(flags, pieces...)})
}

// openMaster attaches the channel of a sequence. Salted makes its id one of its own for each link.
func openMaster(id uint32, name string, next uint64, lineage ...codec.Epoch) []byte {
	if len(lineage) == 0 {
		lineage = codec.Lineage{{Epoch: 2, Nonce: 7, First: 1}}
	}
	return messageFrame(codec.Open{Stream: id, Proto: protoMirror, Ver: 1, Channel: &codec.Channel{ID: [16]byte{1}, Name: name, Lineage: lineage, First: 1, Next: next}})
}

// salted gives a frame with a channel's id that no other link has, where it offers one: what a peer keeps of a channel must not meet the next link.
func salted(b []byte, salt uint64) []byte {
	f, n, err := codec.ParseFrame(b, 1<<20)
	if err != nil || n != len(b) || f.Type != codec.TypeOpen {
		return b
	}
	m, err := codec.ParseOpen(f)
	if err != nil || m.Channel == nil || !bytes.Equal(messageFrame(m), b) { // what is odd about it is not to be lost
		return b
	}
	binary.BigEndian.PutUint64(m.Channel.ID[8:], binary.BigEndian.Uint64(m.Channel.ID[8:])^salt)
	if other := messageFrame(m); other != nil {
		return other
	}
	return b
}
