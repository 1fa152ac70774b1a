package delivery

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/spec"
)

// attached gives a receiver of a channel that stands at stable, with these ranges.
func attached(t *testing.T, stable uint64, ranges ...codec.Range) *Receiver {
	t.Helper()
	c := Cursor{ID: [16]byte{1}, Lineage: starts(1, 70, 1), Stable: stable, Ranges: ranges}
	r := NewReceiver(ReceiverConfig{Transactional: true, MaxMessage: 1 << 20}, &c)
	out := r.Step(Offered{Attachment: 1, Stream: 5, Channel: offer(stable+1, 1<<40, stable, starts(1, 70, 1))}, 0)
	require.Len(t, out, 2)
	require.IsType(t, StoreCursor{}, out[0], "the position is durable before ACCEPT (CHAN-018)")
	require.Equal(t, codec.Position{State: codec.PositionKept, Stable: stable, Ranges: ranges}, out[1].(SendAccept).Position)
	return r
}

func some(seq uint64, flags codec.Flags, pieces ...string) GotRecords {
	var list [][]byte
	for _, p := range pieces {
		list = append(list, []byte(p))
	}
	return GotRecords{1, codec.Records{Stream: 5, Seq: seq, Flags: flags, Pieces: codec.NewPieces(flags, list...)}}
}

func aGap(from, to uint64, reason uint32) GotGap {
	return GotGap{1, codec.Gap{Stream: 5, From: from, To: to, Reason: reason}}
}

func requireFault(t *testing.T, err *codec.Error, code codec.Code, scope codec.Scope, req string) {
	t.Helper()
	require.NotNil(t, err)
	require.Equal(t, code, err.Code)
	require.Equal(t, scope, err.Scope)
	require.Equal(t, req, err.Req)
	_, known := spec.Requirement(req)
	require.True(t, known, req)
}

// TestReceiverFaults is the table of faults of spec/delivery.md, as far as it is the receiver's.
func TestReceiverFaults(t *testing.T) {
	seven := codec.Range{First: 7, Last: 9}
	for _, tc := range []struct {
		name   string
		events []ReceiverEvent
		code   codec.Code
		scope  codec.Scope
		req    string
	}{
		{"a jump", []ReceiverEvent{some(6, 0, "a"), some(12, 0, "b")}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"a jump at the beginning", []ReceiverEvent{some(7, 0, "a")}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"a number twice", []ReceiverEvent{some(6, 0, "a"), some(6, 0, "a")}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"overlapping numbers", []ReceiverEvent{some(6, 0, "a", "b", "c"), some(8, 0, "c")}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"below stable", []ReceiverEvent{some(5, 0, "a")}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"one behind the range left out", []ReceiverEvent{some(6, 0, "a"), some(11, 0, "b")}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"a GAP below", []ReceiverEvent{aGap(5, 8, 1)}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"a GAP that jumps", []ReceiverEvent{aGap(11, 12, 1)}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"a GAP twice", []ReceiverEvent{aGap(6, 6, 1), aGap(6, 6, 1)}, codec.CodeSequence, codec.ScopeStream, "REC-006"},
		{"a GAP inside a record", []ReceiverEvent{some(6, codec.FlagMore, "a"), aGap(7, 7, 1)}, codec.CodeSequence, codec.ScopeStream, "REC-007"},
		{"another record inside a record", []ReceiverEvent{some(6, codec.FlagMore, "a"), some(7, 0, "b")}, codec.CodeSequence, codec.ScopeStream, "REC-007"},
		{"a record over max_message", []ReceiverEvent{some(6, codec.FlagMore, string(make([]byte, 1<<20))), some(6, 0, "b")}, codec.CodeMsgTooBig, codec.ScopeStream, "DATA-006"},
		{"FIN inside a record", []ReceiverEvent{some(6, codec.FlagMore, "a"), GotFin{1}}, codec.CodeEncoding, codec.ScopeLink, "DATA-009"},
		{"RECORDS after FIN", []ReceiverEvent{some(6, 0, "a"), GotFin{1}, some(7, 0, "a")}, codec.CodeState, codec.ScopeLink, "CHAN-015"},
		{"GAP after FIN", []ReceiverEvent{some(6, 0, "a"), GotFin{1}, aGap(7, 7, 1)}, codec.CodeState, codec.ScopeLink, "CHAN-015"},
		{"a newer stream", []ReceiverEvent{Offered{Attachment: 2, Channel: offer(6, 6, 5, starts(1, 70, 1))}}, codec.CodeBusyElsewhere, codec.ScopeStream, "CHAN-029"},
		{"a write that fails", []ReceiverEvent{some(6, 0, "a"), Failed{6, 6, errors.New("disk")}}, codec.CodeInternal, codec.ScopeStream, "ACK-012"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := attached(t, 5, seven)
			var end *End
			for _, e := range tc.events {
				require.Nil(t, end, "the fault comes with the last event")
				for _, out := range r.Step(e, 0) {
					if f, ok := out.(End); ok {
						end = &f
					}
				}
			}
			require.NotNil(t, end)
			requireFault(t, end.Err, tc.code, tc.scope, tc.req)
			require.EqualValues(t, 1, end.Attachment)
			require.NotEqualValues(t, 1, r.Attachment())
			require.Empty(t, r.Step(some(6, 0, "late"), 0), "frames of a stream that is over change nothing (CHAN-030)")
		})
	}
}

// TestReceiverTakes is the twins of these faults.
func TestReceiverTakes(t *testing.T) {
	seven := codec.Range{First: 7, Last: 9}
	for name, events := range map[string][]ReceiverEvent{
		"the range left out":                {some(6, 0, "a"), some(10, 0, "b")},
		"half of the range left out":        {some(6, 0, "a"), some(8, 0, "b", "c", "d")},
		"the range sent again":              {some(6, 0, "a", "b", "c", "d", "e")},
		"from the middle of the range":      {some(6, 0, "a"), some(7, 0, "b"), some(10, 0, "c")},
		"a GAP around the range":            {aGap(6, 6, 1), aGap(10, 12, 2), some(13, 0, "a")},
		"a GAP over the range":              {aGap(6, 12, 2), some(13, 0, "a")},
		"a record in pieces":                {some(6, codec.FlagMore, "a"), some(6, codec.FlagMore, "b"), some(6, 0, "c", "d")},
		"records, then a piece, then a GAP": {some(6, codec.FlagMore, "a"), some(6, 0, "b"), some(10, codec.FlagMore, "c"), some(10, 0, "d"), aGap(11, 11, 4)},
		"a record of max_message":           {some(6, 0, string(make([]byte, 1<<20)))},
	} {
		t.Run(name, func(t *testing.T) {
			r := attached(t, 5, seven)
			for _, e := range events {
				for _, out := range r.Step(e, 0) {
					_, over := out.(End)
					require.False(t, over, "%+v", out)
					if a, ok := out.(Apply); ok {
						for _, one := range a.Items {
							require.False(t, one.Record.Seq >= 7 && one.Record.Seq <= 9, "a duplicate is not applied (REC-008)")
						}
					}
				}
			}
		})
	}
}

// TestGapsAreReported: every reason but 4 is loss, and only of what was not there (GAP-003, GAP-004, GAP-005).
func TestGapsAreReported(t *testing.T) {
	for reason := range uint32(8) {
		r := attached(t, 5, codec.Range{First: 7, Last: 9})
		out := r.Step(aGap(6, 12, reason), 0)
		require.Len(t, out, 1)
		want := []codec.Range{{First: 6, Last: 6}, {First: 10, Last: 12}}
		if reason == codec.GapFiltered {
			want = nil
		}
		require.Equal(t, want, out[0].(NoteGap).Lost)
		c, _ := r.Cursor()
		require.EqualValues(t, 5, c.Stable, "a GAP counts when its note is durable (GAP-008)")
		r.Step(Applied{6, 12}, 0)
		c, _ = r.Cursor()
		require.EqualValues(t, 12, c.Stable)
	}
}

// TestGapConsumesItsRange: what is still being applied stays open (GAP-002).
func TestGapConsumesItsRange(t *testing.T) {
	r := attached(t, 5)
	r.Step(some(6, 0, "a"), 0)
	r.Step(aGap(7, 9, 1), 0)
	r.Step(Applied{7, 9}, 0)
	c, _ := r.Cursor()
	require.EqualValues(t, 5, c.Stable)
	require.Equal(t, []codec.Range{{First: 7, Last: 9}}, c.Ranges)
	for _, wrong := range []Applied{{7, 9}, {6, 7}, {10, 10}, {0, 6}, {6, 5}, {1, 6}} {
		r.Step(wrong, 0)
		c, _ = r.Cursor()
		require.EqualValues(t, 5, c.Stable, "%v: a sink cannot apply what it was not handed", wrong)
		require.Len(t, c.Ranges, 1)
	}
}

// TestWindow: exactly the bounds, then one more (REC-014).
func TestWindow(t *testing.T) {
	t.Run("records", func(t *testing.T) {
		r := attached(t, 5)
		r.Step(some(6, 0, make([]string, codec.WindowRecords-1)...), 0)
		require.EqualValues(t, 1, r.Attachment())
		require.NotEmpty(t, r.Step(aGap(5+codec.WindowRecords, 5+codec.WindowRecords+1000, 1), 0), "a GAP counts as one")
		require.EqualValues(t, 1, r.Attachment())
		r.Step(Applied{6, 6}, 0)
		next := uint64(5 + codec.WindowRecords + 1001)
		r.Step(some(next, 0, ""), 0)
		require.EqualValues(t, 1, r.Attachment(), "what is stable gives room")
		out := r.Step(some(next+1, 0, ""), 0)
		requireFault(t, out[len(out)-1].(End).Err, codec.CodeWindowExceeded, codec.ScopeLink, "REC-014")
	})
	t.Run("bytes", func(t *testing.T) {
		r := attached(t, 5)
		big := string(make([]byte, 1<<20))
		for i := range uint64(64) {
			r.Step(some(6+i, 0, big), 0)
		}
		require.EqualValues(t, 1, r.Attachment())
		out := r.Step(some(70, 0, "x"), 0)
		requireFault(t, out[0].(End).Err, codec.CodeWindowExceeded, codec.ScopeLink, "REC-014")
	})
	t.Run("record of 64 MiB", func(t *testing.T) {
		c := Cursor{ID: [16]byte{1}, Lineage: starts(1, 70, 1)}
		r := NewReceiver(ReceiverConfig{Transactional: true, MaxMessage: 1 << 30}, &c)
		r.Step(Offered{Attachment: 1, Channel: offer(1, 9, 0, starts(1, 70, 1))}, 0)
		out := r.Step(some(1, 0, string(make([]byte, codec.WindowBytes+1))), 0)
		requireFault(t, out[0].(End).Err, codec.CodeMsgTooBig, codec.ScopeStream, "REC-003")
	})
}

// TestFencing: the newest OPEN wins, an older process does not, and an OPEN waits for the sink (CHAN-022, CHAN-029, CHAN-032).
func TestFencing(t *testing.T) {
	r := attached(t, 5)
	r.Step(some(6, 0, "a"), 0)
	again := offer(6, 7, 5, starts(1, 70, 1))
	out := r.Step(Offered{Attachment: 2, Stream: 7, Channel: again}, 0)
	require.Len(t, out, 1, "the sink still works on record 6")
	require.Equal(t, codec.CodeBusyElsewhere, out[0].(End).Err.Code)
	out = r.Step(Offered{Attachment: 3, Stream: 9, Channel: again}, 0)
	require.EqualValues(t, 2, out[0].(End).Attachment, "the OPEN that waited is over")
	require.Empty(t, r.Step(some(7, 0, "b"), 0))
	out = r.Step(Applied{6, 6}, 0)
	require.Equal(t, codec.Position{State: codec.PositionKept, Stable: 6}, out[1].(SendAccept).Position)
	require.EqualValues(t, 9, out[1].(SendAccept).Stream)

	newer := offer(7, 7, 6, starts(1, 70, 1, 2, 71, 7))
	r.Step(Offered{Attachment: 4, Stream: 11, Channel: newer}, 0)
	require.EqualValues(t, 4, r.Attachment())
	out = r.Step(Offered{Attachment: 5, Stream: 13, Channel: offer(7, 9, 6, starts(1, 70, 1))}, 0)
	requireFault(t, out[0].(Reject).Err, codec.CodeEpochStale, codec.ScopeStream, "CHAN-017")
	require.EqualValues(t, 4, r.Attachment(), "the newer process stays")
	r.Step(Gone{3}, 0)
	require.EqualValues(t, 4, r.Attachment(), "the end of an older stream changes nothing")
	r.Step(Gone{4}, 0)
	require.Zero(t, r.Attachment())

	r = attached(t, 5)
	r.Step(some(6, 0, "a"), 0)
	r.Step(Offered{Attachment: 2, Channel: again}, 0)
	require.Empty(t, r.Step(GotFin{2}, 0))
	out = r.Step(Applied{6, 6}, 0)
	require.IsType(t, SendEnd{}, out[2], "a sender that gave up while it waited gets ACCEPT and FIN")
}

// TestAckTime: 64 records, 256 KiB or 100 ms (ACK-004), and never two at once.
func TestAckTime(t *testing.T) {
	acks := func(out []ReceiverEffect) (list []codec.Ack) {
		for _, e := range out {
			if a, ok := e.(SendAck); ok {
				list = append(list, a.Ack)
			}
		}
		return list
	}
	r := attached(t, 5)
	r.Step(some(6, 0, make([]string, 200)...), 0)
	_, due := r.Deadline()
	require.False(t, due)
	require.Empty(t, acks(r.Step(Applied{6, 68}, 7*time.Millisecond)), "63 records")
	at, due := r.Deadline()
	require.True(t, due)
	require.Equal(t, 107*time.Millisecond, at)
	got := acks(r.Step(Applied{69, 69}, 8*time.Millisecond))
	require.Equal(t, []codec.Ack{{Stream: 5, Stable: 69}}, got)
	require.Empty(t, acks(r.Step(Applied{71, 71}, 10*time.Millisecond)), "a range waits")
	require.Empty(t, acks(r.Step(Tick{}, 109*time.Millisecond)))
	got = acks(r.Step(Tick{}, 110*time.Millisecond))
	require.Equal(t, []codec.Ack{{Stream: 5, Stable: 69, DelayUS: 102000, Ranges: []codec.Range{{First: 71, Last: 71}}}}, got)

	r = attached(t, 5)
	r.Step(some(6, 0, make([]string, 3)...), 0)
	require.Empty(t, acks(r.Step(Drained{}, 0)), "nothing is owed")
	require.Empty(t, acks(r.Step(Applied{6, 7}, 0)))
	require.Equal(t, []codec.Ack{{Stream: 5, Stable: 7}}, acks(r.Step(Drained{}, 0)), "nothing waits (OPT-011)")
	require.Empty(t, acks(r.Step(Drained{}, 0)))

	r = attached(t, 5)
	half := string(make([]byte, 128<<10))
	r.Step(some(6, 0, half, half), 0)
	require.Empty(t, acks(r.Step(Applied{6, 6}, 0)))
	require.Len(t, acks(r.Step(Applied{7, 7}, 0)), 1, "256 KiB")

	r = attached(t, 5)
	r.Step(some(6, codec.FlagFin, "a"), 0)
	require.Empty(t, r.Step(GotFin{1}, 0), "record 6 is not durable yet")
	out := r.Step(Applied{6, 6}, 0)
	require.Len(t, acks(out), 1)
	require.IsType(t, SendEnd{}, out[1], "REC-019")
	require.Zero(t, r.Attachment())
}

// TestManyRanges: ACK and ACCEPT name the lowest 64 (ACK-006).
func TestManyRanges(t *testing.T) {
	r := attached(t, 5)
	r.Step(some(6, 0, make([]string, 300)...), 0)
	for i := range uint64(100) {
		r.Step(Applied{7 + 2*i, 7 + 2*i}, 0)
	}
	out := r.Step(Tick{}, time.Second)
	list := out[0].(SendAck).Ack.Ranges
	require.Len(t, list, codec.MaxRanges)
	require.EqualValues(t, 7, list[0].First)
	require.EqualValues(t, 133, list[63].First)
}

// TestRestart: a sink without transactions gets everything that was outstanding with POSSIBLE_DUP, until it is stable (CHAN-023).
func TestRestart(t *testing.T) {
	c := Cursor{ID: [16]byte{1}, Lineage: starts(1, 70, 1), Stable: 5}
	r := NewReceiver(ReceiverConfig{}, &c)
	position := func(attachment, next uint64) codec.Position {
		for _, e := range r.Step(Offered{Attachment: attachment, Channel: offer(6, next, 5, starts(1, 70, 1))}, 0) {
			if a, ok := e.(SendAccept); ok {
				return a.Position
			}
		}
		t.Fatal("no ACCEPT")
		return codec.Position{}
	}
	require.Equal(t, codec.Position{State: codec.PositionKept, Stable: 5, Dup: 8}, position(1, 9))
	require.Equal(t, codec.Position{State: codec.PositionKept, Stable: 5, Dup: 8}, position(2, 20), "what was given since cannot have been applied")
	out := r.Step(GotRecords{2, codec.Records{Seq: 6, Pieces: codec.NewPieces(0, nil, nil, nil, nil)}}, 0)
	for _, one := range out[0].(Apply).Items {
		require.Equal(t, one.Record.Seq <= 8, one.Record.PossibleDup, "%d", one.Record.Seq)
	}
	r.Step(Applied{6, 9}, 0)
	require.Equal(t, codec.Position{State: codec.PositionKept, Stable: 9}, position(3, 20))
}

// TestChannels: 64 of one node, ids that belong to somebody else, forgetting after seven days (CHAN-017, OPT-010).
func TestChannels(t *testing.T) {
	all := NewChannels(ReceiverConfig{Transactional: true})
	key := func(i int) Key { return Key{"node", "realtime", string(rune('a' + i))} }
	one := func(i int) *codec.Channel {
		return &codec.Channel{ID: [16]byte{byte(i), 1}, Lineage: starts(1, 70, 1), First: 1, Next: 1}
	}
	for i := range codec.MaxChannels {
		require.Len(t, all.Step(key(i), Offered{Attachment: 1, Channel: one(i)}, 0), 2)
	}
	out := all.Step(key(64), Offered{Attachment: 1, Channel: one(64)}, 0)
	requireFault(t, out[0].(Reject).Err, codec.CodeOverloaded, codec.ScopeStream, "CHAN-017")
	require.Equal(t, codec.MaxChannels, all.Len())
	require.Nil(t, all.Receiver(key(64)))

	other := Key{"other", "realtime", "a"}
	out = all.Step(other, Offered{Attachment: 1, Channel: one(3)}, 0)
	require.Equal(t, codec.PositionLost, out[1].(SendAccept).Position.State, "what another node has is nobody else's business (CHAN-031)")
	all.Step(other, Gone{1}, 0)
	require.Empty(t, all.Forget(KeepDetached, 0, nil), "no more than was asked for")
	require.Empty(t, all.Forget(KeepDetached, 10, func(Key) bool { return true }))
	require.Equal(t, []Key{other}, all.Forget(KeepDetached, 10, nil))
	out = all.Step(key(4), Offered{Attachment: 2, Channel: one(3)}, 0)
	require.Equal(t, codec.PositionForeign, out[0].(SendAccept).Position.State, "another name of the same node")
	require.Equal(t, codec.Position{State: codec.PositionForeign}, out[0].(SendAccept).Position)

	out = all.Step(key(3), Offered{Attachment: 2, Channel: one(99)}, 0)
	require.IsType(t, ChannelLost{}, out[1])
	out = all.Step(other, Offered{Attachment: 1, Channel: one(3)}, 0)
	require.Equal(t, codec.PositionLost, out[1].(SendAccept).Position.State, "the id is nobody's any more")

	all.Step(key(5), Gone{1}, 0)
	require.Equal(t, []Key{key(5)}, all.Forget(KeepDetached, 10, nil))
	out = all.Step(key(64), Offered{Attachment: 1, Channel: one(64)}, KeepDetached)
	require.Equal(t, codec.PositionLost, out[1].(SendAccept).Position.State, "its place is free")

	all.Step(other, Gone{1}, time.Hour)
	require.Empty(t, all.Forget(time.Hour+KeepDetached-1, 10, nil))
	require.Equal(t, []Key{other}, all.Forget(time.Hour+KeepDetached, 10, nil))
	require.Nil(t, all.Step(other, Tick{}, 0))
	require.Equal(t, codec.MaxChannels, all.Len())
}

// TestStoreComesBeforeAccept: in each row that has a new position, and a disk that fails leaves no ACCEPT behind (CHAN-018).
func TestStoreComesBeforeAccept(t *testing.T) {
	for _, offered := range []*codec.Channel{
		offer(51, 66, 50, starts(1, 70, 1, 2, 71, 40)), offer(1, 10, 0, starts(1, 90, 1)), offer(31, 48, 30, starts(1, 70, 1, 2, 75, 45)),
		offer(65, 66, 64, starts(1, 70, 1, 2, 71, 40)), {ID: [16]byte{2}, Lineage: starts(1, 80, 1), First: 1, Next: 5},
	} {
		r := NewReceiver(ReceiverConfig{Transactional: true}, known())
		stored := Cursor{}
		for _, e := range r.Step(Offered{Attachment: 1, Channel: offered}, 0) {
			switch e := e.(type) {
			case StoreCursor:
				stored = e.Cursor
			case SendAccept:
				require.Equal(t, offered.ID, stored.ID)
				require.Equal(t, offered.Lineage, stored.Lineage)
				require.Equal(t, e.Position.Stable, stored.Stable)
				require.Equal(t, e.Position.State != codec.PositionKept, stored.CheckOwed())
			}
		}
		require.NotEmpty(t, stored.Lineage)
	}
}

// TestChecksAreKept: until a repair has ended that began after the CHECK was owed, through the end of the process (CHAN-021).
func TestChecksAreKept(t *testing.T) {
	r := NewReceiver(ReceiverConfig{Transactional: true}, nil)
	r.Step(Offered{Attachment: 1, Channel: offer(1, 1, 0, starts(1, 70, 1))}, 0)
	began, _ := r.Cursor()
	r.Step(Gone{1}, 0)
	r.Step(Offered{Attachment: 2, Channel: offer(1, 1, 0, starts(1, 99, 1))}, 0) // diverged, while the repair runs
	out := r.Step(Repaired{began.Checks}, 0)
	stored := out[0].(StoreCursor).Cursor
	require.True(t, stored.CheckOwed(), "the second is owed still")
	r = NewReceiver(ReceiverConfig{Transactional: true}, &stored)
	out = r.Step(Repaired{stored.Checks}, 0)
	stored = out[0].(StoreCursor).Cursor
	require.False(t, stored.CheckOwed())
	require.Empty(t, r.Step(Repaired{9}, 0), "a repair of checks that never were changes nothing")

	path := filepath.Join(t.TempDir(), "queue")
	q := durable(t, path, plenty)
	require.NoError(t, q.OweCheck())
	require.NoError(t, q.OweCheck())
	require.NoError(t, q.Repaired(1))
	require.NoError(t, q.Close())
	q = durable(t, path, plenty)
	h := q.Head()
	require.Equal(t, []uint64{2, 1}, []uint64{h.Checks, h.Checked})
	require.NoError(t, q.Close())
}

// TestNewestAckSaysAll: a sender that gets only the newest of several ACKs knows as much as one that gets them all, so that one place is
// enough for them (ACK-005).
func TestNewestAckSaysAll(t *testing.T) {
	every, first := sending(t, 500, codec.Position{State: codec.PositionKept})
	newest, second := sending(t, 500, codec.Position{State: codec.PositionKept})
	r := attached(t, 0)
	for _, s := range []*Sender{every, newest} {
		s.Step(Room{plenty, plenty}, 0)
	}
	r.Step(some(1, 0, make([]string, 500)...), 0)
	waiting := 0
	var last codec.Ack
	for n := uint64(1); n <= 500; n++ {
		for _, e := range r.Step(Applied{n, n}, time.Duration(n)*30*time.Millisecond) {
			a, ok := e.(SendAck)
			if !ok {
				continue
			}
			every.Step(GotAck{a.Ack}, 0)
			last = a.Ack
			if waiting++; waiting%5 == 0 {
				newest.Step(GotAck{a.Ack}, 0)
				require.Equal(t, first.Head().Stable, second.Head().Stable)
			}
		}
	}
	newest.Step(GotAck{last}, 0)
	require.Greater(t, waiting, 20)
	require.True(t, every.Attached() && newest.Attached())
	require.Equal(t, first.Head().First, second.Head().First)
}
