package guide

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"handfast/codec/explain"
	"handfast/conformance"
)

// Exchange is what goes over one link of a case, from a run against a peer that passes.
type Exchange struct {
	Link    int        `json:"link"`
	Part    string     `json:"part"` // twin, fault, probe or script; driver for what a dialer's driver is told
	Packets []Packet   `json:"packets"`
	More    int        `json:"more,omitempty"` // packets that are not shown
	Fault   *PacketHex `json:"fault,omitempty"`
}

// Packet is one packet in a few words. Dir is > from the suite, < from the peer.
type Packet struct {
	Dir   string `json:"dir"`
	What  string `json:"what"`
	Fault string `json:"fault,omitempty"`
}

// PacketHex is a packet of the suite that is wrong on purpose, field by field.
type PacketHex struct {
	What  string `json:"what"`
	Hex   string `json:"hex"`
	Lines []Line `json:"lines"`
}

// caseOf explains a case.
func (l *Library) caseOf(ctx context.Context, c *conformance.Case) *Explanation {
	e := &Explanation{Kind: "case", ID: c.ID, Title: c.Title, Rules: quotes(c.Req), Level: c.Level}
	var roles []string
	if c.Roles&conformance.Acceptors != 0 {
		roles = append(roles, RoleAcceptor)
	}
	if c.Roles&conformance.Dialers != 0 {
		roles = append(roles, RoleDialer)
	}
	e.Mutants = l.breaking(c.Req, roles...)
	for _, tag := range c.Tags {
		e.Context = append(e.Context, tagText(tag))
	}
	profile := ""
	if c.Profile != "" && c.Profile != conformance.DefaultProfile {
		profile = " --profile " + c.Profile
	}
	if c.Roles&conformance.Acceptors != 0 {
		e.Again = append(e.Again, "handfast conform server HOST:PORT"+profile+" --run "+c.ID+" --trace", "handfast conform --self --run "+c.ID+"   the reference peer passes it")
	}
	if c.Roles&conformance.Dialers != 0 {
		e.Again = append(e.Again, "handfast conform client"+profile+" --run "+c.ID+" --trace -- CMD", "handfast conform client --self --run "+c.ID)
	}
	if l.Record == nil {
		return e
	}
	result, err := l.Record(ctx, c.ID)
	if err != nil {
		e.Context = append(e.Context, "nothing is shown of what it sends: "+err.Error())
		return e
	}
	e.Exchanges = exchangesOf(c, result.Trace)
	return e
}

func tagText(tag string) string {
	switch tag {
	case conformance.TagTLS:
		return "needs a TLS address"
	case conformance.TagTiming:
		return "waits for a timer of the peer"
	case conformance.TagSlow:
		return "may wait for seconds"
	case conformance.TagFlood:
		return "sends much"
	case conformance.TagRestart:
		return "kills the peer and starts it again"
	}
	return tag
}

// shownPackets is how many packets of a link are shown.
const shownPackets = 16

// exchangesOf divides a trace into its links. In a rejecting case the first link is the twin's, the second the fault's, and what comes
// after it the probe's.
func exchangesOf(c *conformance.Case, trace []conformance.Entry) []Exchange {
	var list []Exchange
	for _, entry := range trace {
		if len(list) == 0 || list[len(list)-1].Link != entry.Link {
			if i := indexOf(list, entry.Link); i >= 0 { // two links at once
				list[i].add(entry)
				continue
			}
			list = append(list, Exchange{Link: entry.Link, Part: partOf(c, entry.Link, list)})
		}
		list[len(list)-1].add(entry)
	}
	return list
}

func indexOf(list []Exchange, link int) int {
	for i := range list {
		if list[i].Link == link {
			return i
		}
	}
	return -1
}

func partOf(c *conformance.Case, link int, before []Exchange) string {
	n := len(before)
	if indexOf(before, driverLink) >= 0 {
		n--
	}
	switch {
	case link == driverLink:
		return "driver"
	case c.Reject == nil:
		return "script"
	case n == 0:
		return "twin"
	case n == 1:
		return "fault"
	}
	return "probe"
}

// add takes an entry, unless it says nothing about the case: grease, what both peers of every link do, and the suite's PING behind a fault.
func (x *Exchange) add(e conformance.Entry) {
	if e.Fault == "" && passing(e) || e.Fault == conformance.BehindFault {
		return
	}
	if len(x.Packets) >= shownPackets {
		x.More++
		return
	}
	x.Packets = append(x.Packets, Packet{Dir: string(e.Dir), What: address.ReplaceAllString(e.What, `addr="HOST:PORT"`), Fault: e.Fault})
	if x.Fault != nil || x.Part == "twin" || e.Dir != conformance.Out || e.Fault == "" {
		return
	}
	raw, err := hex.DecodeString(e.Hex)
	if err != nil || len(raw) == 0 {
		return
	}
	what := explain.Frames
	if e.Opening {
		what = explain.Opening
	}
	x.Fault = &PacketHex{What: fmt.Sprintf("%s: %s", e.What, e.Fault), Hex: e.Hex, Lines: linesOf(raw, what, 0)}
	if e.FaultAt != nil {
		markAt(x.Fault.Lines, *e.FaultAt)
	}
}

// passing tells packets that stand in every trace. What the peer sends of these differs from run to run.
func passing(e conformance.Entry) bool {
	name, _, _ := strings.Cut(e.What, " ")
	switch name {
	case "grease":
		return true
	case "HELLO", "READY", "PING", "PONG", "CREDIT", "STREAMS":
		return e.Dir == conformance.In
	}
	return false
}

// driverLink is the link of what goes to a dialer's driver and comes back.
const driverLink = 0

// address is where a dialer is told to dial, which differs from run to run.
var address = regexp.MustCompile(`addr="[^"]*"`)

// markAt marks the byte at an offset.
func markAt(lines []Line, at int) {
	for i := range lines {
		if l := &lines[i]; at >= l.Offset && at < l.Offset+len(l.Hex)/2 {
			l.Of, l.Wrong = OfInput, []int{at - l.Offset}
			return
		}
	}
}
