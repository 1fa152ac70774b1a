package conformance

import (
	"math"
	"slices"
	"time"

	"handfast/codec"
)

// heartbeatCases are the cases of SPEC.md chapter 9.
func heartbeatCases() []Case {
	return slices.Concat(forAll(pongCases(), pingCases(), silenceCases(), earlyPingCases()))
}

// pongCases are about the answers to PINGs of the suite.
func pongCases() []Case {
	const soon = time.Second // BEAT-015
	return []Case{
		{
			ID: "heartbeat/ping-is-answered", Req: []string{"BEAT-001", "BEAT-003"}, Level: 5,
			Title: "a PING is answered with a PONG that carries its echo and t1, and times in nanoseconds",
			Run: func(t *T) {
				c := t.Open(Options{})
				ping := c.Ping()
				c.Send(Message(ping))
				c.Expect(Ponged(ping))
			},
		},
		{
			ID: "heartbeat/ping-is-opaque", Req: []string{"BEAT-001"}, Level: 5,
			Title: "a PING with the greatest echo, the smallest t1 and every bit of its reserved field set is answered",
			Run: func(t *T) {
				c := t.Open(Options{})
				ping := codec.Ping{Echo: math.MaxUint64, T1: math.MinInt64}
				const reserved = codec.HeaderSize + 20
				c.Send(Message(ping).Set("reserved", reserved, 0xFF, 0xFF, 0xFF, 0xFF).Reseal().Fault("bits without meaning"))
				c.Expect(Ponged(ping))
			},
		},
		{
			ID: "heartbeat/pong-while-calls-wait", Req: []string{"BEAT-015"}, Level: 7, Roles: Acceptors,
			Title: "a PING is answered within a second while one call sleeps and another waits for credit",
			Run: func(t *T) {
				c := t.Open(Options{NoCredit: true})
				onAsleep(c)
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", 1000, "size", 10_000))))
				s.awaitData()
				ping := c.Ping()
				c.Send(Message(ping))
				c.ExpectWithin(soon+Slack/4, Ponged(ping))
			},
		},
	}
}

// pingCases are about the PINGs of the peer.
func pingCases() []Case {
	return []Case{
		{
			ID: "heartbeat/pings-come", Req: []string{"BEAT-004"}, Level: 5, Tags: []string{TagTiming},
			Title: "a peer sends a PING whenever its interval has passed",
			Run: func(t *T) {
				c := t.Open(Options{})
				for range 3 {
					c.ExpectWithin(c.PingInterval()+Slack, FrameOn(codec.TypePing, 0))
				}
			},
		},
		{
			ID: "heartbeat/one-ping-at-a-time", Req: []string{"BEAT-005", "BEAT-004"}, Level: 5, Tags: []string{TagTiming},
			Title: "a peer sends no second PING while its first is unanswered, and the next one after the PONG",
			Run: func(t *T) {
				c := t.Open(Options{NoPong: true})
				ping := c.awaitPing()
				for range 2 {
					c.Send(c.GreasePacket()) // a sign of life, and no PONG
					c.StaysOpen(c.PingInterval())
				}
				c.Send(Message(pongTo(ping)))
				c.awaitPing()
			},
		},
		{
			ID: "heartbeat/pings-not-too-close", Req: []string{"BEAT-006"}, Level: 5, Tags: []string{TagTiming},
			Title: "a peer sends its PINGs no closer than ping_min_ms of the other side, where that is longer than its own interval",
			Run: func(t *T) {
				c := t.Open(Options{Hello: wider(t, func(l codec.Limits) uint64 { return l.PingMS + 50 })})
				for range 3 {
					c.ExpectWithin(c.PingInterval()+Slack, FrameOn(codec.TypePing, 0))
				}
			},
		},
		{
			ID: "heartbeat/stray-pong-ignored", Req: []string{"BEAT-012"}, Level: 5,
			Title: "a PONG that answers nothing is ignored",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Send(pongPacket(onLink(c)))
				c.Echo()
			},
		},
		{
			ID: "heartbeat/pong-with-another-echo", Req: []string{"BEAT-012"}, Level: 5, Tags: []string{TagTiming},
			Title: "a PONG with another echo does not answer a PING, after which the next one would come",
			Run: func(t *T) {
				c := t.Open(Options{NoPong: true})
				pong := pongTo(c.awaitPing())
				pong.Echo ^= 1
				c.Send(ignored(Message(pong)))
				c.StaysOpen(c.PingInterval() * 3 / 2)
			},
		},
	}
}

// awaitPing waits for the peer's next PING.
func (c *Conn) awaitPing() codec.Ping {
	e := c.ExpectWithin(c.PingInterval()+Slack, FrameOn(codec.TypePing, 0))
	ping, _ := e.Message.(codec.Ping)
	return ping
}

// pongTo makes the answer to a PING of the peer, as if the clocks of both were one.
func pongTo(ping codec.Ping) codec.Pong {
	return codec.Pong{Echo: ping.Echo, T1: ping.T1, T2: ping.T1, T3: ping.T1, ErrUS: codec.UnknownError}
}

// wider makes the suite tolerate PINGs no closer than a function of the peer's limits says, which another link has shown.
func wider(t *T, of func(l codec.Limits) uint64) func(h *codec.Hello) {
	least := min(of(t.Open(Options{}).Peer().Limits), codec.MaxLimits().PingMinMS)
	return func(h *codec.Hello) { h.Limits.PingMinMS = max(h.Limits.PingMinMS, least) }
}

// silenceCases are about signs of life. The timers are the peer's own; with those of the specification they take a minute.
func silenceCases() []Case {
	const shares = 4 // of the silence limit, between two signs of life
	return []Case{
		{
			ID: "heartbeat/silence-closes", Req: []string{"BEAT-007"}, Level: 5, Tags: []string{TagTiming, TagSlow},
			Title: "a link on which nothing arrives for the silence limit is closed with IDLE",
			Reject: &Rejection{
				Good:       func(c *Conn) { c.StaysOpen(c.SilenceLimit() + c.PingInterval()) }, // the driver answers PINGs meanwhile
				Bad:        func(c *Conn) { c.WithholdPongs() },
				Want:       Closed(codec.CodeIdle),
				Wait:       func(c *Conn) time.Duration { return c.SilenceLimit() + Slack },
				NoSentinel: true,
			},
		},
		{
			ID: "heartbeat/silence-of-three-intervals", Req: []string{"BEAT-007"}, Level: 5, Tags: []string{TagTiming, TagSlow},
			Title: "a peer whose PING interval is longer than its idle_ms bears the silence between two PINGs",
			Run: func(t *T) {
				c := t.Open(Options{Hello: wider(t, func(l codec.Limits) uint64 { return l.IdleMS * 5 / 4 })})
				for range 2 {
					c.awaitPing()
				}
				c.Echo()
			},
		},
		{
			ID: "heartbeat/ignored-frames-are-life", Req: []string{"BEAT-008"}, Level: 5, Tags: []string{TagTiming, TagSlow},
			Title: "grease frames alone keep a link open",
			Run: func(t *T) {
				c := t.Open(Options{NoPong: true})
				for range 2 * shares {
					c.Send(c.GreasePacket())
					c.StaysOpen(c.SilenceLimit() / shares)
				}
				c.Echo()
			},
		},
		{
			ID: "heartbeat/parts-of-frames-are-no-life", Req: []string{"BEAT-009", "BEAT-007"}, Level: 5, Tags: []string{TagTiming, TagSlow},
			Title: "a link on which a frame drips in for longer than the silence limit is closed with IDLE",
			Reject: &Rejection{
				Options: Options{NoPong: true},
				Good: func(c *Conn) {
					for range 2 * shares {
						c.Send(c.GreasePacket())
						c.StaysOpen(c.SilenceLimit() / shares)
					}
				},
				Bad: func(c *Conn) {
					p := c.GreasePacket().Truncate("a header that takes too long", 2*shares)
					c.SendSlowly(1, c.SilenceLimit()/shares, p)
				},
				Want:       Closed(codec.CodeIdle),
				Wait:       func(c *Conn) time.Duration { return c.SilenceLimit() / 2 }, // it has come by now, if bytes have not put it off
				NoSentinel: true,
			},
		},
		{
			ID: "heartbeat/stalled-transport-ended", Req: []string{"BEAT-013"}, Level: 9, Tags: []string{TagTiming, TagSlow}, Roles: Acceptors,
			Title: "a transport that takes none of the peer's bytes for twice the silence limit is ended, although frames arrive",
			Run: func(t *T) {
				const kept = 256 << 10 // with less Linux takes a few more bytes now and then, for a second
				c := t.Open(Options{ReadBuffer: kept, Hello: func(h *codec.Hello) {
					most := codec.MaxLimits()
					h.Limits.StreamCredit, h.Limits.LinkCredit = most.StreamCredit, most.LinkCredit
				}})
				c.Pause()
				s := c.NewStream()
				c.Send(s.Open(), s.Data(codec.FlagFin, Request("stream", 0, Args("n", 500, "size", 30_000)))) // more than kernels keep
				// The write that stalls may have begun well, and the peer only knows when it ends. So it may need the time twice.
				c.keepsAlive(4*c.SilenceLimit()+Slack, c.SilenceLimit()/(2*shares))
				c.Resume()
				c.keepsAlive(t.Timeout(), c.SilenceLimit()/(2*shares)) // it is not silence that ends the transport
				c.Expect(Gone())
			},
		},
	}
}

// keepsAlive sends signs of life for a time, or until the transport takes no more.
func (c *Conn) keepsAlive(d, pause time.Duration) {
	for ; d > 0 && !c.hasEnded(); d -= pause {
		p := c.record(c.GreasePacket())
		_ = c.nc.SetWriteDeadline(time.Now().Add(c.t.timeout)) // an ended transport fails the write instead
		if _, err := c.nc.Write(p); err != nil {
			return
		}
		c.t.Sleep(pause)
	}
}

// earlyPingCases are about PINGs that come too soon after each other.
func earlyPingCases() []Case {
	return []Case{
		{
			ID: "heartbeat/three-early-pings-tolerated", Req: []string{"BEAT-011", "BEAT-001"}, Level: 9,
			Title: "three early PINGs in a row are tolerated, and at least the newest is answered",
			Run: func(t *T) {
				c := t.Open(Options{})
				c.Expect(Ponged(c.pingBurst(codec.StrikesMin)))
				c.Barrier()
			},
		},
		{
			ID: "heartbeat/early-pings-in-a-row-alone-count", Req: []string{"BEAT-011"}, Level: 9, Tags: []string{TagTiming},
			Title: "eighteen early PINGs are tolerated where no more than three of them follow each other",
			Run: func(t *T) {
				c := t.Open(Options{})
				for range 6 {
					c.Expect(Ponged(c.pingBurst(codec.StrikesMin)))
					c.StaysOpen(time.Duration(c.Peer().Limits.PingMinMS) * time.Millisecond)
				}
				c.Barrier()
			},
		},
		{
			ID: "heartbeat/early-pings-end-the-link", Req: []string{"BEAT-010"}, Level: 9, Tags: []string{TagFlood},
			Title: "sixteen early PINGs in a row end the link with CALM",
			Reject: &Rejection{
				Good: func(c *Conn) { c.pingBurst(codec.StrikesMin) },
				Bad:  func(c *Conn) { c.pingBurst(codec.StrikesMax) },
				Want: Closed(codec.CodeCalm),
			},
		},
	}
}

// pingBurst sends a PING and so many early ones behind it in one piece, and returns the last. None waits for its PONG.
func (c *Conn) pingBurst(early int) codec.Ping {
	var last codec.Ping
	var packets []Packet
	for range 1 + early {
		last = c.Ping()
		packets = append(packets, Message(last).Fault("a PING that does not wait"))
	}
	c.Send(packets...)
	return last
}
