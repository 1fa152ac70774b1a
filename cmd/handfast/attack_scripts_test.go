package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/clock"
	"handfast/refimpl/mirror"
	"handfast/refimpl/realtime"
	antientropy "handfast/refimpl/sync"
)

// attack is one way to do harm.
type attack struct {
	row    int // of attackRows
	name   string
	send   func(a *raider) // until it is over or the link has ended
	answer string          // what each attacker is told sooner or later, as describe names it; empty: it is cut off or does not listen
	works  int             // goroutines that may be at work above the ceiling, because the peer bounds them by themselves
	stays  int             // goroutines that may stay behind, because the attacker has what the peer keeps for who comes back
}

// attacks lists what TestAttackServe does.
func attacks(t *testing.T) []attack {
	return append(append(attacksOnLinks(t), attacksOnDelivery(t)...), attacksOnSync(t)...)
}

func callOpen(t *testing.T, id uint32) []byte {
	return frameBytes(t, codec.Open{Stream: id, Proto: call.Proto, Ver: 1})
}

func attacksOnLinks(t *testing.T) []attack {
	request, err := codec.AppendCallRequest(nil, "echo", 0, bytes.Repeat([]byte{'x'}, 900))
	require.NoError(t, err)
	return []attack{
		{row: 1, name: "first bytes of another protocol", send: func(a *raider) { a.raw([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")) }},
		{row: 1, name: "a length of 4 GiB", answer: "CLOSE FRAME_SIZE", send: func(a *raider) {
			a.link(codec.AppendHeader(nil, codec.Header{Type: codec.TypeData, Stream: 1, Length: 1<<32 - 1}))
		}},
		{row: 2, name: "an opening that drips", send: func(a *raider) { a.drip(codec.Magic[:]) }},
		{row: 3, name: "links that say nothing", answer: "CLOSE IDLE", send: func(a *raider) {
			a.patience = 1500 * time.Millisecond
			a.link(nil)
		}},
		{row: 4, name: "connections that say nothing", send: func(a *raider) { a.raw(nil) }},
		{row: 5, name: "streams that are reset at once", answer: "CLOSE CALM", send: func(a *raider) {
			next := uint32(1)
			upTo := func(most uint64) (list []codec.Message) { // it keeps within its limit
				for ; uint64(next+1)/2 <= most; next += 2 {
					list = append(list, codec.Open{Stream: next, Proto: call.Proto, Ver: call.Version}, codec.Reset{Stream: next, Code: codec.CodeCancelled})
				}
				return list
			}
			a.talk(nil, func(m codec.Message) []codec.Message {
				switch m := m.(type) {
				case *codec.Ready:
					return upTo(codec.DefaultLimits().Streams)
				case codec.Streams:
					return upTo(m.Max)
				}
				return nil
			})
		}},
		{row: 6, name: "frames that ask for a reset", answer: "CLOSE CALM", send: func(a *raider) {
			b := append(callOpen(t, 1), frameBytes(t, codec.Data{Stream: 1, Pieces: codec.NewPieces(codec.FlagFin, request)})...)
			for range codec.IdleFramesMax {
				b = append(b, frameBytes(t, codec.Credit{Stream: 1, Max: 1})...)
			}
			a.link(b)
		}},
		{row: 7, name: "PINGs", answer: "CLOSE CALM", send: func(a *raider) { a.link(bytes.Repeat(codec.Ping{Echo: 1}.AppendFrame(nil), 200)) }},
		{row: 8, name: "messages of no bytes", answer: "RESET PROTOCOL", send: func(a *raider) {
			empty := frameBytes(t, codec.Data{Stream: 1, Pieces: codec.NewPieces(0, make([][]byte, 400)...)})
			a.link(append(callOpen(t, 1), empty...))
		}},
		{row: 9, name: "answers that nobody reads", send: func(a *raider) {
			stream, err := codec.AppendCallRequest(nil, "stream", 0, []byte("x"))
			require.NoError(t, err)
			a.deaf(append(callOpen(t, 1), frameBytes(t, codec.Data{Stream: 1, Pieces: codec.NewPieces(codec.FlagFin, stream)})...))
		}},
		{row: 10, name: "echoes that nobody reads", send: func(a *raider) {
			b := callOpen(t, 1)
			for range 60 {
				b = append(b, frameBytes(t, codec.Data{Stream: 1, Pieces: codec.NewPieces(0, request)})...)
			}
			a.deaf(b)
		}},
		{row: 11, name: "messages that never end", answer: "RESET MESSAGE_TIMEOUT", send: func(a *raider) {
			a.patience = time.Second
			b := callOpen(t, 1)
			for range 20 {
				b = append(b, frameBytes(t, codec.Data{Stream: 1, Pieces: codec.NewPieces(codec.FlagMore, request)})...)
			}
			a.talk(b, func(m codec.Message) []codec.Message { // it lives
				if p, ok := m.(codec.Ping); ok {
					return []codec.Message{codec.Pong{Echo: p.Echo, T1: p.T1}}
				}
				return nil
			})
		}},
		{row: 12, name: "maps inside maps", answer: "CLOSE ENCODING", send: func(a *raider) {
			a.link(codec.AppendFrame(nil, codec.Header{Type: codec.TypeOpen, Stream: 1}, bytes.Repeat([]byte{0x91}, 16000)))
		}},
		{row: 30, name: "clocks that lie", answer: "PING", send: func(a *raider) {
			a.patience = 500 * time.Millisecond
			a.talk(nil, func(m codec.Message) []codec.Message {
				p, ok := m.(codec.Ping)
				if !ok {
					return nil
				}
				return []codec.Message{codec.Pong{Echo: p.Echo, T1: p.T1, T2: math.MaxInt64, T3: math.MinInt64, HoldUS: math.MaxUint32}}
			})
		}},
		{row: 31, name: "texts that are no words", send: func(a *raider) {
			b := frameBytes(t, codec.Open{Stream: 1, Proto: "x\n\x1b[31m", Ver: 1})
			b = append(b, codec.AppendFrame(nil, codec.Header{Type: codec.TypeClose}, append(make([]byte, 8), bytes.Repeat([]byte("\r\nERROR forged "), 16)...))...)
			a.link(b)
		}},
		{row: 35, name: "links that end at once", send: func(a *raider) {
			for range 20 {
				a.brief(frameBytes(t, codec.Close{Code: codec.CodeNoError}))
			}
		}},
	}
}

// channelOpen is the OPEN of a new channel.
func channelOpen(t *testing.T, stream uint32, proto, name string, next uint64) []byte {
	ch := &codec.Channel{Name: name, Lineage: codec.Lineage{{Epoch: 1, Nonce: 7, First: 1}}, First: 1, Next: next}
	_, _ = rand.Read(ch.ID[:])
	return frameBytes(t, codec.Open{Stream: stream, Proto: proto, Ver: 1, Channel: ch})
}

// records is n records of a size, of which each number is step more than the one before.
func records(stream uint32, n int, step uint64, size int) (list []codec.Message) {
	for i := range uint64(n) {
		list = append(list, codec.Records{Stream: stream, Seq: 1 + step*i, Pieces: codec.NewPieces(0, make([]byte, size))})
	}
	return list
}

// attacksOnDelivery use channels. Their nodes are the same each time, as those of a peer that comes back.
func attacksOnDelivery(t *testing.T) []attack {
	mine := [16]byte{0xBB}
	// sender opens a channel on stream 1 and sends what the attack says when that is accepted. back answers the OPEN of the mirror that comes back.
	sender := func(a *raider, proto, name string, next uint64, list []codec.Message, back func(stream uint32) []codec.Message) {
		a.talk(channelOpen(t, 1, proto, name, next), func(m codec.Message) []codec.Message {
			switch m := m.(type) {
			case codec.Accept:
				return list
			case codec.Open:
				return back(m.Stream)
			}
			return nil
		})
	}
	accept := func(stream uint32) codec.Message {
		return codec.Accept{Stream: stream, Channel: &codec.Position{State: codec.PositionLost}}
	}
	silent := func(uint32) []codec.Message { return nil }
	return []attack{
		{row: 15, name: "ACKs of what was never sent", answer: "CLOSE ACK_INVALID", stays: 8, send: func(a *raider) {
			a.node, a.patience = mine, 500*time.Millisecond
			sender(a, mirror.Proto, fmt.Sprint("ack ", a.index), 1, records(1, 4, 1, 100), func(stream uint32) []codec.Message {
				return []codec.Message{accept(stream), codec.Ack{Stream: stream, Stable: 1 << 40}}
			})
		}},
		{row: 16, name: "records that nobody acknowledges", answer: "RECORDS", stays: 8, send: func(a *raider) {
			a.node, a.patience = mine, 500*time.Millisecond
			sender(a, mirror.Proto, fmt.Sprint("no ack ", a.index), 1, records(1, 30, 1, 8000), func(stream uint32) []codec.Message { return []codec.Message{accept(stream)} })
		}},
		{row: 16, name: "mirrors that nobody accepts", answer: "OPEN", stays: 8, send: func(a *raider) {
			a.node, a.patience = mine, 500*time.Millisecond
			sender(a, mirror.Proto, fmt.Sprint("no accept ", a.index), 1, records(1, 30, 1, 8000), silent)
		}},
		{row: 17, name: "channels without end", answer: "REJECT OVERLOADED", stays: 8, send: func(a *raider) {
			a.node = mine
			var b []byte
			for i := range uint32(200) {
				b = append(b, channelOpen(t, 2*i+1, realtime.Proto, fmt.Sprint("channel ", i), 1)...)
			}
			a.link(b)
		}},
		{row: 17, name: "numbers with gaps between them", answer: "ACCEPT", stays: 8, send: func(a *raider) {
			a.node = mine
			sender(a, mirror.Proto, "gaps", 1<<20, records(1, 200, 3, 1), silent)
		}},
		{row: 18, name: "the id of another node", answer: "ACCEPT", stays: 8, send: func(a *raider) {
			a.node = honestNode
			sender(a, mirror.Proto, "theirs", 1, records(1, 1, 1, 100), silent)
		}},
	}
}

func attacksOnSync(t *testing.T) []attack {
	params := codec.SyncParams{SaltCheck: codec.SyncSaltCheck([16]byte{}), Namespace: "default"}
	session := func(msgs ...codec.SyncMessage) []byte {
		b := frameBytes(t, codec.Open{Stream: 1, Proto: antientropy.Proto, Ver: antientropy.Version, Params: params.Append(nil)})
		for _, m := range msgs {
			one, err := m.AppendBinary(nil)
			require.NoError(t, err)
			b = append(b, frameBytes(t, codec.Data{Stream: 1, Pieces: codec.NewPieces(0, one)})...)
		}
		return b
	}
	nothing, err := new(clock.Node).AppendBinary(nil)
	require.NoError(t, err)
	var checks, pulls []codec.SyncMessage
	for i := range 300 {
		checks = append(checks, codec.SyncCheck{Fingerprint: [16]byte{1}})
		pulls = append(pulls, codec.SyncCheck{Prefix: codec.SyncPrefix{Length: codec.MaxSyncPrefix, Bytes: [8]byte{byte(i)}}, Pull: true, Fingerprint: [16]byte{1}})
	}
	return []attack{
		{row: 33, name: "CHECKs of everything", answer: "DATA", send: func(a *raider) { a.link(session(checks...)) }},
		{row: 33, name: "CHECKs with PULL", answer: "DATA", send: func(a *raider) { a.link(session(pulls...)) }},
		{row: 33, name: "everything since nothing, that nobody reads", send: func(a *raider) { a.deaf(session(codec.SyncSince{Clock: nothing})) }},
		{row: 33, name: "sessions that say nothing", answer: "REJECT OVERLOADED", send: func(a *raider) {
			b := session()
			for stream := uint32(3); stream < 40; stream += 2 {
				b = append(b, frameBytes(t, codec.Open{Stream: stream, Proto: antientropy.Proto, Ver: antientropy.Version, Params: params.Append(nil)})...)
			}
			a.link(b)
		}},
	}
}
