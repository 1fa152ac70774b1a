package link

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

const msec = int64(time.Millisecond)

// beatLimits are limits whose figures are easy to follow: PING each second, silence 10 s, PINGs under 200 ms are early.
func beatLimits() codec.Limits {
	lim := codec.DefaultLimits()
	lim.PingMS, lim.PingMinMS, lim.IdleMS = 1000, 400, 10_000
	return lim
}

// The states of the table.
const (
	quiet   = "QUIET"
	waiting = "WAITING"
	suspect = "SUSPECT"
)

func beatState(h *Heartbeat, now int64) string {
	switch {
	case h.Suspect(now):
		return suspect
	case h.waiting:
		return waiting
	}
	return quiet
}

// inState gives a heartbeat in a state of the table, the time, and the echo of the PING that is, or last was, unanswered.
func inState(t *testing.T, state string) (h Heartbeat, now int64, echo uint64) {
	t.Helper()
	start := int64(time.Hour)
	h = NewHeartbeat(beatLimits(), beatLimits(), start)
	now = start + 1000*msec
	b := h.Tick(now)
	require.True(t, b.Ping)
	switch state {
	case quiet:
		now += 10 * msec
		h.Heard(now)
		_, ok := h.Pong(codec.Pong{Echo: b.Echo}, now)
		require.True(t, ok)
	case waiting:
		now += 500 * msec
	case suspect:
		now += 1500 * msec
	}
	h.Heard(now)
	require.Equal(t, state, beatState(&h, now))
	return h, now, b.Echo
}

// TestHeartbeatTable walks through every cell of the table Heartbeat in chapter 16.
func TestHeartbeatTable(t *testing.T) {
	end := func(code codec.Code) string { return "end " + code.String() }
	// What an event does. It gives what was done, and the time at which the state is looked at.
	type doing func(h *Heartbeat, now int64, echo uint64) (done string, at int64)
	tick := func(h *Heartbeat, at int64) (string, int64) {
		b := h.Tick(at)
		switch {
		case b.End != codec.CodeNoError:
			return end(b.End), at
		case b.Ping:
			return "PING", at
		}
		return "nothing", at
	}
	events := map[string]doing{
		"interval due": func(h *Heartbeat, _ int64, _ uint64) (string, int64) { return tick(h, h.lastPing+1000*msec) },
		"PONG that matches": func(h *Heartbeat, now int64, echo uint64) (string, int64) {
			_, ok := h.Pong(codec.Pong{Echo: echo}, now)
			return map[bool]string{true: "sample", false: "ignore"}[ok], now
		},
		"other PONG": func(h *Heartbeat, now int64, echo uint64) (string, int64) {
			_, ok := h.Pong(codec.Pong{Echo: echo + 1}, now)
			return map[bool]string{true: "sample", false: "ignore"}[ok], now
		},
		"PING": func(h *Heartbeat, now int64, _ uint64) (string, int64) {
			return map[bool]string{true: "answer", false: "end"}[h.Ping(now)], now
		},
		"any other whole frame": func(h *Heartbeat, now int64, _ uint64) (string, int64) {
			h.Heard(now)
			later := *h
			b := later.Tick(now + 9_999*msec) // just before the silence limit, counted from now
			return map[bool]string{true: "life", false: "end"}[b.End == codec.CodeNoError], now
		},
		"PONG sent late": func(h *Heartbeat, now int64, _ uint64) (string, int64) { // this side's own PONG changes nothing here
			_, ok := h.Pong(codec.Pong{}, now)
			return map[bool]string{true: "sample", false: "nothing"}[ok], now
		},
		"silence limit": func(h *Heartbeat, now int64, _ uint64) (string, int64) { return tick(h, now+10_000*msec) },
		"stall": func(h *Heartbeat, now int64, _ uint64) (string, int64) {
			h.Writing(now)
			at := now + 20_000*msec
			h.Heard(at) // the other side speaks but does not read
			return tick(h, at)
		},
	}
	rows := []struct{ event, state, done, next string }{
		{"interval due", quiet, "PING", waiting},
		{"interval due", waiting, "nothing", suspect}, // BEAT-005
		{"interval due", suspect, "nothing", suspect},
		{"PONG that matches", quiet, "ignore", quiet}, // the last PING's, once more: none is unanswered
		{"PONG that matches", waiting, "sample", quiet},
		{"PONG that matches", suspect, "sample", quiet},
		{"other PONG", quiet, "ignore", quiet}, // BEAT-012
		{"other PONG", waiting, "ignore", waiting},
		{"other PONG", suspect, "ignore", suspect},
		{"PING", quiet, "answer", quiet},
		{"PING", waiting, "answer", waiting},
		{"PING", suspect, "answer", suspect},
		{"any other whole frame", quiet, "life", quiet}, // BEAT-008
		{"any other whole frame", waiting, "life", waiting},
		{"any other whole frame", suspect, "life", suspect},
		{"PONG sent late", quiet, "nothing", quiet},
		{"PONG sent late", waiting, "nothing", waiting},
		{"PONG sent late", suspect, "nothing", suspect},
		{"silence limit", quiet, end(codec.CodeIdle), ""}, // BEAT-007
		{"silence limit", waiting, end(codec.CodeIdle), ""},
		{"silence limit", suspect, end(codec.CodeIdle), ""},
		{"stall", quiet, end(codec.CodeSendStall), ""}, // BEAT-013
		{"stall", waiting, end(codec.CodeSendStall), ""},
		{"stall", suspect, end(codec.CodeSendStall), ""},
	}
	require.Len(t, rows, 3*len(events), "a cell is missing")
	for _, r := range rows {
		t.Run(r.state+"/"+r.event, func(t *testing.T) {
			h, now, echo := inState(t, r.state)
			done, at := events[r.event](&h, now, echo)
			require.Equal(t, r.done, done)
			if r.next != "" {
				require.Equal(t, r.next, beatState(&h, at))
			}
		})
	}
}

func TestHeartbeatEffective(t *testing.T) {
	for _, tc := range []struct {
		name                                            string
		ping, idle, ownMin, peerMin, peerPing, peerIdle uint64 // ms
		interval, silence, early                        time.Duration
	}{
		{name: "own interval", ping: 5000, idle: 20_000, peerMin: 1000, ownMin: 1000, interval: 5 * time.Second, silence: 20 * time.Second, early: 500 * time.Millisecond},
		{name: "the receiver tolerates less", ping: 50, idle: 200, peerMin: 1000, ownMin: 10, interval: time.Second, silence: 3 * time.Second, early: 5 * time.Millisecond},
		{name: "three intervals are more than idle_ms", ping: 1000, idle: 200, peerMin: 10, ownMin: 400, interval: time.Second, silence: 3 * time.Second, early: 200 * time.Millisecond},
		{name: "what the other side states for itself is its own", ping: 1000, idle: 5000, peerMin: 10, ownMin: 10, peerPing: 300_000, peerIdle: 600_000, interval: time.Second, silence: 5 * time.Second, early: 5 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			own, peer := codec.DefaultLimits(), codec.DefaultLimits()
			own.PingMS, own.IdleMS, own.PingMinMS, peer.PingMinMS = tc.ping, tc.idle, tc.ownMin, tc.peerMin
			if tc.peerPing > 0 {
				peer.PingMS, peer.IdleMS = tc.peerPing, tc.peerIdle
			}
			h := NewHeartbeat(own, peer, 1)
			require.Equal(t, tc.interval, time.Duration(h.interval))
			require.Equal(t, tc.silence, time.Duration(h.silence))
			require.Equal(t, tc.early, time.Duration(h.early))
		})
	}
}

// TestHeartbeatTimes runs heartbeats under random limits, with an owner that comes exactly when it was asked to, against
// other sides that answer late, wrongly, twice or not at all (BEAT-004, BEAT-005, BEAT-006, BEAT-007).
func TestHeartbeatTimes(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		own, peer := codec.DefaultLimits(), codec.DefaultLimits()
		own.PingMS, own.IdleMS = 50+rnd.Uint64N(10_000), 200+rnd.Uint64N(60_000)
		peer.PingMinMS = 10 + rnd.Uint64N(20_000)
		now := rnd.Int64N(int64(time.Hour)) + 1
		h := NewHeartbeat(own, peer, now)
		interval := int64(max(own.PingMS, peer.PingMinMS)) * msec
		silence := max(int64(own.IdleMS)*msec, 3*interval)
		last, heard, open := now, now, uint64(0)
		var pongAt int64
		where := func() string { return fmt.Sprintf("seed %d, now %d", seed, now) }
		for range 300 {
			b := h.Tick(now)
			if now-heard >= silence {
				require.Equal(t, codec.CodeIdle, b.End, where())
				break
			}
			require.Equal(t, codec.CodeNoError, b.End, where())
			require.Greater(t, b.Next, now, where())
			require.LessOrEqual(t, b.Next, heard+silence, where())
			if open == 0 {
				require.Equal(t, now-last >= interval, b.Ping, where())
				require.True(t, b.Ping || b.Next <= last+interval, where())
			} else {
				require.False(t, b.Ping, "BEAT-005: %s", where())
			}
			if b.Ping {
				require.GreaterOrEqual(t, now-last, int64(peer.PingMinMS)*msec, "BEAT-006: %s", where())
				open, last = b.Echo, now
				pongAt = now + rnd.Int64N(2*interval)
				if rnd.IntN(8) == 0 {
					pongAt = 1 << 62 // never
				}
			}
			next := b.Next
			if open != 0 && pongAt < next {
				now = pongAt
				_, ok := h.Pong(codec.Pong{Echo: open + 1000}, now)
				require.False(t, ok, "BEAT-012: %s", where())
				hold := time.Duration(rnd.Int64N(int64(4 * time.Second)))
				rtt, ok := h.Pong(codec.Pong{Echo: open, HoldUS: uint32(hold.Microseconds())}, now)
				require.True(t, ok, where())
				want := time.Duration(now-last) - hold.Truncate(time.Microsecond)
				require.Equal(t, max(want, time.Microsecond), rtt, where())
				_, ok = h.Pong(codec.Pong{Echo: open}, now)
				require.False(t, ok, "the same PONG twice: %s", where())
				h.Heard(now)
				heard, open = now, 0
				continue
			}
			now = next
			if rnd.IntN(3) == 0 {
				h.Heard(now)
				heard = now
			}
		}
	}
}

// A PING that waited for the writer counts from when it left: the next one keeps its distance to that (BEAT-006).
func TestHeartbeatSent(t *testing.T) {
	start := int64(time.Hour)
	h := NewHeartbeat(beatLimits(), beatLimits(), start)
	b := h.Tick(start + 1000*msec)
	require.True(t, b.Ping)
	h.Sent(start + 1990*msec)
	rtt, ok := h.Pong(codec.Pong{Echo: b.Echo}, start+1995*msec)
	require.True(t, ok)
	require.Equal(t, 5*time.Millisecond, rtt)
	require.False(t, h.Tick(start+2000*msec).Ping, "10 ms after the PING that was late")
	require.True(t, h.Tick(start+2990*msec).Ping)
	h.Pong(codec.Pong{Echo: b.Echo + 1}, start+2991*msec)
	h.Sent(start + 3500*msec) // a report that comes too late changes nothing
	require.True(t, h.Tick(start+3990*msec).Ping)
}

func TestHeartbeatStall(t *testing.T) {
	h := NewHeartbeat(beatLimits(), beatLimits(), 1)
	at := 5000 * msec
	h.Writing(at)
	for now := at; now < at+20_000*msec; now += 1000 * msec {
		h.Heard(now)
		b := h.Tick(now)
		require.Equal(t, codec.CodeNoError, b.End, "after %v", time.Duration(now-at))
		require.LessOrEqual(t, b.Next, at+20_000*msec)
	}
	h.Heard(at + 20_000*msec)
	moving := h
	require.Equal(t, codec.CodeSendStall, h.Tick(at+20_000*msec).End)
	moving.Writing(at + 1) // something was taken in between
	require.Equal(t, codec.CodeNoError, moving.Tick(at+20_000*msec).End)
	moving.Writing(0)
	require.Equal(t, codec.CodeNoError, moving.Tick(at+25_000*msec).End)
}

// TestHeartbeatStrikes: three early PINGs in a row are always borne, sixteen never, and one in time forgives.
func TestHeartbeatStrikes(t *testing.T) {
	flood := func(h *Heartbeat, now *int64, n int, gap int64) (borne int) {
		for range n {
			*now += gap
			if !h.Ping(*now) {
				return borne
			}
			borne++
		}
		return borne
	}
	early, intime := 200*msec-1, 200*msec
	fresh := func() (*Heartbeat, *int64) {
		h, now := NewHeartbeat(beatLimits(), beatLimits(), 1), int64(1)
		return &h, &now
	}
	h, now := fresh()
	require.Equal(t, 1000, flood(h, now, 1000, intime), "half of ping_min_ms is in time")
	h, now = fresh()
	require.Equal(t, 1, flood(h, now, 1, 1), "the first has none before it")
	borne := flood(h, now, 100, early)
	require.GreaterOrEqual(t, borne, codec.StrikesMin, "BEAT-011")
	require.Less(t, borne, codec.StrikesMax, "BEAT-010: the sixteenth at the latest")
	h, now = fresh()
	for range 100 {
		require.Equal(t, 1, flood(h, now, 1, intime))
		require.Equal(t, codec.StrikesMin, flood(h, now, codec.StrikesMin, 0), "BEAT-011: not in a row")
	}
}
