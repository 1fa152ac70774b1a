package conformance

import (
	"slices"

	"handfast/conformance/driver"
	"handfast/conformance/wire"
)

// Tags of cases.
const (
	TagTLS    = "tls"    // needs a TLS address
	TagTiming = "timing" // waits for a timer of the peer
	TagSlow   = "slow"   // may wait for seconds, and is started first
	TagFlood  = "flood"  // sends much

	// TagRestart is of cases that kill the peer and start it again. They run behind all others, one by one, on peers that the suite has started and
	// that say that they keep channels.
	TagRestart = "restart"
)

// Case is one thing that a peer has to do. It has either Run or Reject.
type Case struct {
	ID      string   // area/slug-in-words, never changed
	Req     []string // requirements of SPEC.md that it judges, the one it was written for first
	Title   string   // what the peer has to do, in the words of a sentence: "a header with a wrong checksum ends the link"
	Profile string   // "" is core
	Level   int      // step of SPEC.md chapter 3 that it needs, 1 to 9; 10 for what lies behind core
	Tags    []string
	Roles   Roles    // of peers that it judges
	Needs   []string // features of DRIVER.md without which a dialer cannot be judged by it

	lenient bool // the wire checker's findings do not fail it: only whether there is a peer to judge matters

	Run    func(t *T) // a script in which nothing is rejected
	Reject *Rejection // an input that has to be rejected, with its twin
}

// DefaultProfile is the profile of a case that names none.
const DefaultProfile = "core"

// LevelBeyond is the level of cases of other profiles than core, for which SPEC.md chapter 3 has no step.
const LevelBeyond = 10

// Profiles lists the profiles of SPEC.md chapter 20.
func Profiles() []string { return []string{"codec", "core", "delivery", "realtime", "sync", "full"} }

// JudgedProfiles lists those of which there are cases.
func JudgedProfiles() []string {
	return []string{DefaultProfile, ProfileDelivery, ProfileRealtime, ProfileSync}
}

// MutatedProfiles lists those whose obligations each have to have a mutant.
func MutatedProfiles() []string {
	return []string{DefaultProfile, ProfileDelivery, ProfileRealtime, ProfileSync}
}

// profile gives the case's profile.
func (c *Case) profile() string {
	if c.Profile == "" {
		return DefaultProfile
	}
	return c.Profile
}

// has reports whether the case has a tag.
func (c *Case) has(tag string) bool { return slices.Contains(c.Tags, tag) }

// play runs the case in the current goroutine, which a failure ends.
func (c *Case) play(t *T) {
	switch {
	case c.has(TagRestart) && t.restarts == nil:
		t.Unsupported("nobody here can kill the peer and start it again, or it does not say that it keeps channels over that")
	case t.judged == wire.Dialer:
		t.needs(c.Needs...)
		if c.has(TagTLS) {
			t.needs(driver.FeatureTLS)
		}
	case c.has(TagTLS) && t.target.TLSAddr == "":
		t.Unsupported("the run has no TLS address")
	}
	if c.Reject != nil {
		c.Reject.play(t)
	} else {
		c.Run(t)
	}
	t.phase = PhaseScript
	for _, conn := range t.conns {
		t.leave(conn)
	}
}

// Cases lists every case, area by area in the order of SPEC.md's chapters.
func Cases() []Case {
	return slices.Concat(coreCases(), deliveryCases(), realtimeCases(), syncCases())
}

// coreCases are those of the profile core.
func coreCases() []Case {
	return forAcceptors(
		openingCases(),
		versionCases(),
		capabilityCases(),
		readyCases(),
		msgpackCases(),
		frameCases(),
		heartbeatCases(),
		streamCases(),
		dataCases(),
		creditCases(),
		callCases(),
		callMoreCases(),
		kitCases(),
		kitMoreCases(),
		closeCases(),
		orderCases(),
		limitCases(),
		orderOpeningCases(),
		tlsCases(),
		extensionCases(),
		dialerCases(),
	)
}

// Area is the first part of a case's id.
type Area struct {
	Name string
	Doc  string
}

// Areas lists the areas of cases.
func Areas() []Area {
	return []Area{
		{"opening", "HELLO and REFUSE (SPEC.md chapter 4)"},
		{"version", "versions (chapter 5)"},
		{"capability", "capabilities and their merge rules (chapter 6)"},
		{"ready", "READY (chapter 6)"},
		{"msgpack", "the strict MessagePack profile (chapter 7)"},
		{"frame", "frames (chapter 8)"},
		{"heartbeat", "PING and PONG (chapter 9)"},
		{"stream", "streams (chapter 10)"},
		{"data", "messages and pieces (chapter 10)"},
		{"credit", "credit (chapter 11)"},
		{"call", "the sub-protocol call (spec/call.md)"},
		{"kit", "the methods of the test kit (spec/call.md)"},
		{"close", "DRAIN and CLOSE (chapter 13)"},
		{"order", "which of several faults is reported (chapter 14)"},
		{"limit", "limits and floods (chapter 15)"},
		{"tls", "TLS (chapter 17)"},
		{"extension", "extension (chapter 18)"},
		{"channel", "channels, their lineage and position (spec/delivery.md)"},
		{"record", "RECORDS (spec/delivery.md)"},
		{"ack", "ACK (spec/delivery.md)"},
		{"gap", "GAP (spec/delivery.md)"},
		{"resume", "a channel that is attached again (spec/delivery.md)"},
		{"mirror", "the sub-protocol mirror (spec/mirror.md)"},
		{"realtime", "objects and their parts in a channel of realtime (spec/realtime.md)"},
		{"session", "sessions of sync, their opening, messages and end (spec/sync.md)"},
		{"initiator", "sessions of sync that the peer begins (spec/sync.md)"},
		{"since", "SINCE and CLOCK (spec/sync.md)"},
		{"check", "CHECK, CHECK_KEY and their answers (spec/sync.md)"},
		{"cells", "CELLS and SKETCH, with the capability sync.cells (spec/cells.md)"},
		{"repair", "REPAIR, RESULT, and the objects in them (spec/sync.md, spec/objects.md)"},
	}
}
