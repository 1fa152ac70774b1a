package conformance

import (
	"slices"

	"handfast/codec"
)

// versionCases are the cases of SPEC.md chapter 5.
func versionCases() []Case {
	strangers := refusals(codec.CodeNoVersion,
		refused{"version/none-in-common", "VER-002", "whose versions the other side does not speak", offering(1, 0x7001, 1, 0x1A1A, 0x7001), offering(0x7001, 0x7001, 0x1A1A, 0x7001)},
		refused{"version/greatest-number-is-no-version", "VER-002", "whose only version is FFFF", offering(1, 0xFFFF, 1, 0x1A1A, 0xFFFF), offering(0xFFFF, 0xFFFF, 0x1A1A, 0xFFFF)},
	)
	return append(strangers, forAll([]Case{
		selects("version/only-the-common-one", "of 16 offered versions the one that both list is selected", offering(1, 0x700E, slices.Insert(foreign(15), 7, 1)...)),
		selects("version/greatest-is-not-common", "a greater version that one side alone lists is not selected", offering(1, 0xFFFF, 1, 0x1A1A, 0x7001, 0xFFFF)),
		{
			ID: "version/common-grease-not-selected", Req: []string{"VER-003"}, Level: 3,
			Title: "a grease version that both list is not selected",
			Run:   commonGrease,
		},
		{
			ID: "version/grease-is-random", Req: []string{"VER-004"}, Level: 3,
			Title: "each HELLO lists a grease version, and not the same one each time",
			Run: func(t *T) {
				first := greaseOf(t.Open(Options{}).Peer())
				for range 3 {
					if !slices.Equal(greaseOf(t.Open(Options{}).Peer()), first) {
						return
					}
				}
				t.Fail("grease versions at random", "%04X in each of four openings", first)
			},
		},
	})...)
}

// selects makes the case of a HELLO of which version 1 has to be selected.
func selects(id, title string, e edit) Case {
	return Case{ID: id, Req: []string{"VER-001"}, Title: title, Level: 4, Run: func(t *T) {
		c := t.Dial(Options{})
		c.expectVersion(e(c.HelloPacket()).Harmless())
	}}
}

// expectVersion sends a HELLO and waits for a READY that states version 1.
func (c *Conn) expectVersion(hello Packet) {
	c.greetWith(hello)
	c.SendReady()
	if ready := c.ready(); ready.Version != codec.WireVersion {
		c.t.Fail("READY with version 1", "version %d (%04X)", ready.Version, ready.Version)
	}
	c.Barrier()
}

// ready waits for the peer's READY.
func (c *Conn) ready() *codec.Ready {
	m, ok := c.Expect(FrameOn(codec.TypeReady, 0)).Message.(*codec.Ready)
	if !ok {
		c.t.Fail("READY in the strict profile", "a READY that cannot be read")
	}
	return m
}

// greaseOf lists the grease versions of a HELLO.
func greaseOf(h *codec.Hello) []uint16 {
	return slices.DeleteFunc(slices.Clone(h.Vers), func(v uint16) bool { return !codec.IsGreaseVersion(v) })
}

// commonGrease opens links until both HELLOs list one grease version. The peer takes one of 256 at random, and cannot know which
// 15 the suite lists: 17 links are needed on average, and 400 are not enough once in 10^10 runs.
func commonGrease(t *T) {
	for range 400 {
		vers := []int{codec.WireVersion}
		for _, n := range t.Rand.Perm(256)[:15] {
			vers = append(vers, int(codec.GreaseVersion(uint16(n>>4)<<12|uint16(n&15)<<4)))
		}
		c := t.Dial(Options{})
		hello := offering(1, 1, vers...)(c.HelloPacket()).Harmless()
		c.expectVersion(hello)
		met := slices.ContainsFunc(greaseOf(c.Peer()), func(v uint16) bool { return slices.Contains(vers, int(v)) })
		t.leave(c)
		if met {
			return
		}
	}
	t.Harness("in 400 openings the peer listed no grease version that the suite had listed")
}
