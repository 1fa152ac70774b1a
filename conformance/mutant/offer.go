package mutant

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"

	"handfast/codec"
)

// offer makes this peer's HELLO, with grease wherever it is due.
func (p *peer) offer(secure bool) *codec.Hello {
	h := &codec.Hello{
		Vers:        []uint16{codec.GreaseVersion(uint16(mathrand.Uint32())), codec.WireVersion},
		Node:        p.node,
		Cluster:     cluster,
		Incarnation: 1 + p.starts,
		Caps: codec.Caps{
			"delivery":        true,
			cellsCap:          int64(syncCells),
			"probe.and":       true,
			"probe.min":       int64(500),
			"probe.max":       int64(500),
			"probe.intersect": []string{"b", "c", "d"},
			"probe.choose":    []string{"d", "b", "c"},
			codec.GreaseCapability(uint16(mathrand.Uint32())): true,
		},
		Protos: map[string][]uint16{"call": {1}, mirrorProto: {1}, realtimeProto: {1}, syncProto: {1}},
		Limits: p.limits,
		SW:     "handfast mutant",
	}
	_, _ = rand.Read(h.Nonce[:]) // never fails
	if secure || p.has("offers-binding-in-clear") {
		h.Caps["tls.bind"] = true
	}
	p.misstate(h)
	p.misgrease(h)
	return h
}

// count counts the openings of a peer that does not draw lots.
var count atomic.Uint64

// misstate makes a HELLO wrong in what it says of this peer.
func (p *peer) misstate(h *codec.Hello) {
	switch {
	case p.has("repeats-its-nonce"):
		h.Nonce = [32]byte{'n', 'o', 'n', 'c', 'e'}
	case p.has("counts-its-nonces"):
		h.Nonce = [32]byte{}
		binary.BigEndian.PutUint64(h.Nonce[24:], count.Add(1))
	case p.has("takes-a-new-node-for-each-link"):
		_, _ = rand.Read(h.Node[:])
	case p.has("counts-links-as-incarnations"):
		h.Incarnation = count.Add(1)
	case p.has("offers-four-probes"):
		delete(h.Caps, "probe.min")
	}
}

// misgrease makes a HELLO wrong in its grease.
func (p *peer) misgrease(h *codec.Hello) {
	digits := uint16(mathrand.Uint32()) | 0xA00A // two letters at least
	switch {
	case p.has("lists-no-grease-version"):
		h.Vers = []uint16{codec.WireVersion}
		return
	case p.has("lists-one-grease-version-for-ever"):
		h.Vers = []uint16{codec.GreaseVersion(0x5050), codec.WireVersion}
		return
	case !strings.HasPrefix(p.bug, "offers-"):
		return
	}
	grease := func(name string, _ any) bool { return strings.HasPrefix(name, codec.GreaseCapabilityPrefix) }
	switch {
	case p.has("offers-no-grease-capability"):
		maps.DeleteFunc(h.Caps, grease)
	case p.has("offers-one-grease-capability-for-ever"):
		maps.DeleteFunc(h.Caps, grease)
		h.Caps[codec.GreaseCapability(0x5EED)] = true
	case p.has("offers-grease-capabilities-in-upper-case"):
		maps.DeleteFunc(h.Caps, grease)
		h.Caps[codec.GreaseCapabilityPrefix+fmt.Sprintf("%04X", digits)] = true
	case p.has("offers-grease-capabilities-of-other-types"):
		maps.DeleteFunc(h.Caps, grease)
		h.Caps[codec.GreaseCapability(digits)] = int64(-1)
	}
}

// misjudge makes an agreement wrong.
func (p *peer) misjudge(a *codec.Agreement, dialer, own *codec.Hello) {
	switch {
	case a.Caps == nil: // there is none
	case p.has("selects-the-dialers-greatest-version"):
		a.Version = slices.Max(slices.DeleteFunc(slices.Clone(dialer.Vers), codec.IsGreaseVersion))
	case p.has("selects-a-grease-version"):
		for _, v := range own.Vers {
			if codec.IsGreaseVersion(v) && slices.Contains(dialer.Vers, v) {
				a.Version = v
			}
		}
	case p.has("states-the-dialers-greatest-protocol-version"):
		for name := range own.Protos {
			if vers := dialer.Protos[name]; len(vers) > 0 {
				a.Protos[name] = slices.Max(vers)
			}
		}
	case p.has("states-the-dialers-protocols"):
		for name, vers := range dialer.Protos {
			if _, ok := own.Protos[name]; !ok {
				a.Protos[name] = vers[0]
			}
		}
	case p.has("merges-unregistered-capabilities"):
		for name, v := range dialer.Caps {
			if own.Caps[name] == true && v == true && strings.HasPrefix(name, "x.") {
				a.Caps[name] = true
			}
		}
	case p.has("states-what-the-dialer-alone-offers"):
		for name, v := range dialer.Caps {
			if _, ok := own.Caps[name]; !ok {
				a.Caps[name] = v
			}
		}
	case p.has("states-what-it-alone-offers"):
		for name, v := range own.Caps {
			if _, ok := dialer.Caps[name]; !ok && strings.HasPrefix(name, "probe.") {
				a.Caps[name] = v
			}
		}
	default:
		for name, merged := range p.mismerged(dialer.Caps, own.Caps) {
			_, both := dialer.Caps[name]
			switch {
			case merged == nil:
				delete(a.Caps, name)
			case both:
				a.Caps[name] = merged
			}
		}
	}
}

// mismerged gives the capabilities that this peer merges wrong; nil for one that it leaves out.
func (p *peer) mismerged(dialer, own codec.Caps) codec.Caps {
	const least, most, set, list = "probe.min", "probe.max", "probe.intersect", "probe.choose"
	theirSet, _ := dialer[set].([]string)
	ownSet, _ := own[set].([]string)
	theirList, _ := dialer[list].([]string)
	ownList, _ := own[list].([]string)
	both := slices.DeleteFunc(slices.Clone(ownSet), func(name string) bool { return !slices.Contains(theirSet, name) })
	switch p.bug {
	case "merges-and-to-one":
		return codec.Caps{"probe.and": int64(1)}
	case "merges-min-to-its-own":
		return codec.Caps{least: own[least]}
	case "merges-min-to-the-dialers":
		return codec.Caps{least: dialer[least]}
	case "merges-max-to-its-own":
		return codec.Caps{most: own[most]}
	case "merges-max-to-the-dialers":
		return codec.Caps{most: dialer[most]}
	case "leaves-equal-minima-out":
		if dialer[least] == own[least] {
			return codec.Caps{least: nil}
		}
	case "leaves-equal-maxima-out":
		if dialer[most] == own[most] {
			return codec.Caps{most: nil}
		}
	case "merges-sets-to-their-union":
		all := slices.Concat(theirSet, ownSet)
		slices.Sort(all)
		return codec.Caps{set: slices.Compact(all)}
	case "merges-sets-in-descending-order":
		slices.Reverse(both)
		if len(both) > 0 {
			return codec.Caps{set: both}
		}
	case "states-an-empty-set":
		if len(both) == 0 {
			return codec.Caps{set: []string{}}
		}
	case "chooses-by-the-dialers-order":
		if p.dials {
			theirList, ownList = ownList, theirList
		}
		for _, name := range theirList {
			if slices.Contains(ownList, name) {
				return codec.Caps{list: []string{name}}
			}
		}
	case "chooses-its-first-name":
		return codec.Caps{list: ownList[:1]}
	}
	return nil
}
