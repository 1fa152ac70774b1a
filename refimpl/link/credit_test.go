package link_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// settled asserts that everything that has arrived on the link was granted again: nothing is held, and no more was given
// back than had come (CRED-007).
func settled(t *testing.T, l *link.Link) {
	t.Helper()
	synctest.Wait()
	granted, received, consumed := l.LinkCredit()
	require.LessOrEqual(t, consumed, received, "more was given back than had come")
	require.LessOrEqual(t, received, granted)
	require.Equal(t, received, consumed, "charge that is never granted again")
}

// choosy is a Receiver that resets its stream at the message "bad", and takes everything else.
type choosy struct{}

func (choosy) OnMessage(s *link.Stream, msg []byte, _ bool) {
	if string(msg) == "bad" {
		s.Reset(codec.CodeProtocol, "")
		s.Done()
	}
}
func (choosy) OnEnd(*link.Stream, error) {}

// TestChargeComesBack: however a stream ends, the link gets the charge of its data back, all of it and once (CRED-007).
func TestChargeComesBack(t *testing.T) {
	big := make([]byte, 10<<10)
	tooBig := make([]byte, 70<<10)
	leave := func(s *link.Stream, _ []byte) { // ends its work without reading anything
		s.Accept(nil)
		s.Go(func() { _ = s.CloseSend() })
		s.Done()
	}
	cases := []struct {
		name  string
		serve func(s *link.Stream, params []byte)
		send  func(id uint32) []codec.Message
	}{
		{"read by a handler", echo, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, codec.FlagFin, big, big)}
		}},
		{"pieces behind the one that ends the stream", func(s *link.Stream, _ []byte) { s.AcceptWith(nil, choosy{}) }, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, 0, []byte("good"), []byte("bad"), big, big, big)}
		}},
		{"a frame for a stream that was reset here", func(s *link.Stream, _ []byte) { s.AcceptWith(nil, choosy{}) }, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, 0, []byte("bad")), data(id, 0, big), data(id, codec.FlagFin, big)}
		}},
		{"a message over max_message in one frame", echo, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, 0, []byte("small"), tooBig, []byte("small"))}
		}},
		{"a message over max_message in one frame, to a receiver", func(s *link.Stream, _ []byte) { s.AcceptWith(nil, choosy{}); s.Done() }, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, 0, []byte("small"), tooBig, big)}
		}},
		{"a message over max_message in pieces", echo, func(id uint32) []codec.Message {
			half := tooBig[:len(tooBig)/2]
			return []codec.Message{open(id), data(id, codec.FlagMore, half), data(id, 0, half, big, big)}
		}},
		{"a joined message, then one too big in the same frame", echo, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, codec.FlagMore, big), data(id, 0, big, tooBig[:66<<10], big)}
		}},
		{"RESET while nobody reads", ignore, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, 0, big, big), data(id, codec.FlagMore, big), codec.Reset{Stream: id}}
		}},
		{"both sides end, and the handler has read nothing", leave, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, 0, big, big), data(id, codec.FlagFin, big)}
		}},
		{"an unknown critical frame", ignore, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, 0, big), codec.Unknown{Type: 0x55, Flags: codec.FlagMustUnderstand, Stream: id}}
		}},
		{"rejected, and the data was on its way", func(s *link.Stream, _ []byte) { s.Reject(codec.CodeRefused, "") }, func(id uint32) []codec.Message {
			return []codec.Message{open(id), data(id, 0, big, big), data(id, codec.FlagFin)}
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(node(1, tc.serve), func(l *codec.Limits) { l.MaxMessage, l.LinkCredit = 65_536, 262_144 })
				r, l := against(t, cfg, false)
				for id := uint32(1); id < 21; id += 2 {
					r.send(tc.send(id)...)
					settled(t, l)
					require.Zero(t, l.Joining())
				}
				r.stillAlive()
				require.Zero(t, l.Stats().Unread)
			})
		})
	}
}

// TestAbandoned: a reader that gives up on a stream which both sides have ended already gives its charge back.
func TestAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, nil), true)
		s, err := l.Open(t.Context(), "t", nil)
		require.NoError(t, err)
		require.NoError(t, s.CloseSend())
		r.send(codec.Accept{Stream: 1}, data(1, codec.FlagFin, make([]byte, 1000), make([]byte, 1000)))
		synctest.Wait()
		s.Reset(codec.CodeCancelled, "") // what Cancel of a call does
		settled(t, l)
	})
}

// messageSizes is a sequence of all kinds of sizes, with runs of messages of no bytes, which cost charge alone.
func messageSizes(rnd *rand.Rand) (sizes []int) {
	for len(sizes) < 5000 {
		switch rnd.IntN(5) {
		case 0:
			sizes = append(sizes, rnd.IntN(20))
		case 1:
			sizes = append(sizes, rnd.IntN(2000))
		case 2:
			sizes = append(sizes, rnd.IntN(131_072))
		case 3:
			sizes = append(sizes, rnd.IntN(300_000))
		default:
			sizes = append(sizes, make([]int, rnd.IntN(2040))...)
			sizes = append(sizes, 60_000+rnd.IntN(71_000))
		}
	}
	return sizes
}

// TestSmallWindows: whatever the sizes of messages are, two links whose grants are the smallest that are allowed bring
// them all across, in order. (A sender that waits for more than a receiver grants at once would wait for ever.)
func TestSmallWindows(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			small := func(l *codec.Limits) {
				l.LinkCredit, l.StreamCredit = 262_144, 65_536<<rnd.IntN(5)
				l.MaxFrame = 16_384 << rnd.IntN(5)
				l.MaxMessage = 1 << 20
			}
			var got, want sync.Map
			collect := func(s *link.Stream, _ []byte) {
				s.Accept(nil)
				s.Go(func() {
					sum := []byte{}
					for {
						m, err := s.Recv()
						if err != nil {
							break
						}
						sum = append(sum, byte(len(m)), byte(len(m)>>8), byte(len(m)>>16))
					}
					got.Store(s.ID(), sum)
					_ = s.CloseSend()
				})
				s.Done()
			}
			d, _ := pair(t, node(1, nil), limits(node(2, collect), small))
			var wg sync.WaitGroup
			for range 1 + rnd.IntN(4) {
				s, err := d.Open(t.Context(), "t", nil)
				require.NoError(t, err)
				sizes := messageSizes(rnd)
				wg.Go(func() {
					sum := []byte{}
					for _, n := range sizes {
						if err := s.Send(make([]byte, n)); err != nil {
							t.Errorf("seed %d: %v", seed, err)
							return
						}
						sum = append(sum, byte(n), byte(n>>8), byte(n>>16))
					}
					want.Store(s.ID(), sum)
					_ = s.CloseSend()
					if _, err := s.Recv(); !errors.Is(err, io.EOF) {
						t.Errorf("seed %d: %v", seed, err)
					}
				})
			}
			done := make(chan struct{})
			go func() { wg.Wait(); close(done) }()
			select {
			case <-done:
			case <-time.After(time.Hour):
				t.Errorf("seed %d: stuck", seed)
				_ = d.Close(codec.CodeNoError, "")
				<-done
				return
			}
			want.Range(func(id, sum any) bool {
				have, _ := got.Load(id)
				require.True(t, bytes.Equal(sum.([]byte), have.([]byte)), "seed %d, stream %d", seed, id)
				return true
			})
		})
	}
}
