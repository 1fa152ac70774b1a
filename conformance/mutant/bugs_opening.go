package mutant

import (
	"slices"

	"handfast/conformance"
)

// openingBugs are those of the opening, versions, capabilities, READY, MessagePack and TLS. The bugs of peers that take what they have to
// refuse stand with what such a peer makes of it, in lenient*.go.
func openingBugs() []conformance.Mutant {
	var bugs []conformance.Mutant
	for _, l := range slices.Concat(headerLeniencies(), keyLeniencies(), listLeniencies(), msgpackLeniencies()) {
		bugs = append(bugs, l.Mutant)
	}
	for _, l := range readyLeniencies() {
		bugs = append(bugs, l.Mutant)
	}
	return slices.Concat(bugs, helloBugs(), refuseBugs(), versionBugs(), capabilityBugs(), needBugs(), readyBugs(), tlsBugs(), openingOrderBugs())
}

func helloBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "sends-its-ready-second", Req: "HELLO-002", Doc: "It sends READY when it has the dialer's, and not behind its HELLO."},
		{Name: "wants-openings-in-one-read", Req: "FRAME-014", Doc: "It ends a transport whose first read does not give a whole opening."},
		{Name: "answers-other-protocols", Req: "HELLO-003", Doc: "It answers bytes without the magic with REFUSE."},
		{Name: "answers-other-invariants", Req: "HELLO-004", Doc: "It answers an opening of other invariants with REFUSE."},
		{Name: "refuses-opening-flags", Req: "HELLO-005", Doc: "It refuses an opening that has flags."},
		{Name: "answers-other-kinds", Req: "HELLO-006", Doc: "It answers an opening that is no HELLO with REFUSE."},
		{Name: "waits-for-bodies-that-are-too-long", Req: "HELLO-007", Doc: "It refuses a length over 16,384 when the body has arrived."},
		{Name: "needs-sw", Req: "HELLO-010", Doc: "It refuses a HELLO without sw."},
		{Name: "needs-every-limit", Req: "HELLO-010", Doc: "It refuses a HELLO that leaves limits at their defaults."},
		{Name: "refuses-texts-of-64-bytes", Req: "HELLO-010", Doc: "It refuses sw and cluster_name of 64 bytes."},
		{Name: "refuses-unknown-keys", Req: "HELLO-011", Doc: "It refuses a HELLO with a key that it does not know."},
		{Name: "refuses-many-versions", Req: "HELLO-015", Doc: "It refuses a HELLO with more than eight versions."},
		{Name: "looks-at-the-first-version", Req: "HELLO-015", Doc: "It finds no common version in a long list, unless it is the first."},
		{Name: "looks-at-the-last-version", Req: "HELLO-015", Doc: "It finds no common version in a long list, unless it is the last."},
		{Name: "waits-for-an-opening-for-ever", Req: "HELLO-016", Doc: "It keeps a transport on which no opening arrives."},
		{Name: "waits-for-an-opening-from-its-last-byte", Req: "HELLO-016", Doc: "It waits anew with each byte of an opening."},
		{Name: "repeats-its-nonce", Req: "HELLO-017", Doc: "It puts the same nonce into each opening."},
		{Name: "counts-its-nonces", Req: "HELLO-017", Doc: "It puts a counter into nonce."},
		{Name: "dials-itself", Req: "HELLO-018", Doc: "It opens a link with a dialer of its own node."},
		{Name: "takes-a-new-node-for-each-link", Req: "HELLO-025", Doc: "It states another node in each opening."},
		{Name: "counts-links-as-incarnations", Req: "HELLO-025", Doc: "It states another incarnation in each opening."},
	}
}

func refuseBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "lists-versions-that-it-does-not-speak", Req: "HELLO-019", Doc: "It lists a version in REFUSE that is not in its HELLO."},
		{Name: "lists-its-versions-with-no-version-alone", Req: "HELLO-019", Doc: "It lists version 9 in a REFUSE that has another code than NO_VERSION."},
		{Name: "lists-every-need", Req: "HELLO-020", Doc: "It sends a REFUSE of any size."},
		{Name: "goes-on-after-refuse", Req: "HELLO-021", Doc: "It sends CLOSE behind REFUSE."},
		{Name: "stays-after-refuse", Req: "HELLO-021", Doc: "It does not end the transport after REFUSE."},
	}
}

func versionBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "selects-the-dialers-greatest-version", Req: "VER-001", Doc: "It selects the greatest version of the dialer's."},
		{Name: "opens-without-a-common-version", Req: "VER-002", Doc: "It opens a link with a dialer that does not speak its version."},
		{Name: "selects-a-grease-version", Req: "VER-003", Doc: "It selects a grease version that both list."},
		{Name: "lists-no-grease-version", Req: "VER-004", Doc: "It lists no grease version."},
		{Name: "lists-one-grease-version-for-ever", Req: "VER-004", Doc: "It lists the same grease version in each opening."},
	}
}

func capabilityBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "states-what-the-dialer-alone-offers", Req: "CAP-001", Doc: "It puts every capability of the dialer into READY that it does not know."},
		{Name: "states-what-it-alone-offers", Req: "CAP-001", Doc: "It puts its own probes into READY that the dialer does not offer."},
		{Name: "merges-and-to-one", Req: "CAP-002", Doc: "It merges rule AND to 1."},
		{Name: "merges-min-to-its-own", Req: "CAP-003", Doc: "It merges rule MIN to its own value."},
		{Name: "merges-min-to-the-dialers", Req: "CAP-003", Doc: "It merges rule MIN to the dialer's value."},
		{Name: "leaves-equal-minima-out", Req: "CAP-003", Doc: "It leaves a capability of rule MIN out whose values are equal."},
		{Name: "merges-max-to-its-own", Req: "CAP-004", Doc: "It merges rule MAX to its own value."},
		{Name: "merges-max-to-the-dialers", Req: "CAP-004", Doc: "It merges rule MAX to the dialer's value."},
		{Name: "leaves-equal-maxima-out", Req: "CAP-004", Doc: "It leaves a capability of rule MAX out whose values are equal."},
		{Name: "merges-sets-to-their-union", Req: "CAP-005", Doc: "It merges rule INTERSECT to the names of both sets."},
		{Name: "merges-sets-in-descending-order", Req: "CAP-005", Doc: "It merges rule INTERSECT to names in descending order."},
		{Name: "states-an-empty-set", Req: "CAP-005", Doc: "It merges rule INTERSECT to an array of no names."},
		{Name: "refuses-strange-names-in-sets", Req: "CAP-005", Doc: "It refuses a set with something that is not in the form of a name."},
		{Name: "chooses-by-the-dialers-order", Req: "CAP-006", Doc: "It merges rule CHOOSE to the dialer's first name that it lists."},
		{Name: "chooses-its-first-name", Req: "CAP-006", Doc: "It merges rule CHOOSE to its first name, which the dialer need not list."},
		{Name: "refuses-strange-names-in-lists", Req: "CAP-006", Doc: "It refuses a list with something that is not in the form of a name."},
		{Name: "offers-four-probes", Req: "CAP-007", Doc: "It does not offer probe.min."},
		{Name: "refuses-unknown-capabilities", Req: "CAP-008", Doc: "It refuses a capability that it does not know, apart from grease."},
		{Name: "refuses-unknown-lists-out-of-order", Req: "CAP-008", Doc: "It refuses a capability that it does not know and that has names out of order for its value."},
		{Name: "refuses-unknown-capabilities-of-other-types", Req: "CAP-008", Doc: "It refuses a capability that it does not know and that has a map for its value."},
		{Name: "refuses-capabilities-without-form", Req: "CAP-008", Doc: "It refuses a capability whose name is not in the form of a name."},
		{Name: "offers-no-grease-capability", Req: "CAP-009", Doc: "It offers no grease capability."},
		{Name: "offers-one-grease-capability-for-ever", Req: "CAP-009", Doc: "It offers the same grease capability in each opening."},
		{Name: "offers-grease-capabilities-in-upper-case", Req: "CAP-009", Doc: "It writes the digits of a grease capability in upper case."},
		{Name: "offers-grease-capabilities-of-other-types", Req: "CAP-009", Doc: "It gives its grease capability a negative number."},
	}
}

func needBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "ignores-need", Req: "CAP-011", Doc: "It does not look at need."},
		{Name: "refuses-every-need", Req: "CAP-011", Doc: "It refuses a HELLO that needs anything."},
		{Name: "takes-an-offer-for-a-result", Req: "CAP-011", Doc: "It takes a need for met when it offers the capability, whatever the rule gives."},
		{Name: "lists-no-unmet-need", Req: "CAP-011", Doc: "It does not list in REFUSE what was missing."},
		{Name: "lists-all-needs", Req: "CAP-011", Doc: "It lists in REFUSE what is needed, met or not."},
		{Name: "lists-few-needs", Req: "CAP-011", Doc: "It lists at most four needs in REFUSE."},
	}
}

func readyBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "sends-grease-before-ready", Req: "READY-001", Doc: "It sends its grease frame before READY."},
		{Name: "skips-frames-before-ready", Req: "READY-002", Doc: "It skips what comes before READY."},
		{Name: "refuses-close-before-ready", Req: "READY-002", Doc: "It takes a CLOSE before READY for a fault."},
		{Name: "ignores-a-second-ready", Req: "READY-003", Doc: "It skips a second READY."},
		{Name: "hashes-its-own-opening-first", Req: "READY-004", Doc: "It hashes the acceptor's opening before the dialer's."},
		{Name: "hashes-what-it-has-understood", Req: "READY-004", Doc: "It hashes an opening made anew of what it has read."},
		{Name: "takes-any-hash", Req: "READY-005", Doc: "It does not compare th."},
		{Name: "compares-the-first-half-of-the-hash", Req: "READY-005", Doc: "It compares 16 bytes of th."},
		{Name: "takes-any-version", Req: "READY-006", Doc: "It does not compare ver."},
		{Name: "takes-any-capabilities", Req: "READY-007", Doc: "It does not compare caps."},
		{Name: "takes-more-capabilities", Req: "READY-007", Doc: "It takes caps that have more than it has computed."},
		{Name: "takes-any-protocols", Req: "READY-008", Doc: "It does not compare protos."},
		{Name: "refuses-unknown-keys-of-ready", Req: "READY-010", Doc: "It takes a READY with a key that it does not know for a fault."},
		{Name: "states-the-dialers-greatest-protocol-version", Req: "READY-011", Doc: "It states the dialer's greatest version of each sub-protocol that it knows."},
		{Name: "states-the-dialers-protocols", Req: "READY-011", Doc: "It states sub-protocols that it does not offer."},
		{Name: "waits-for-ready-for-ever", Req: "READY-012", Doc: "It keeps a link on which no READY arrives."},
		{Name: "waits-for-ready-from-its-last-byte", Req: "READY-012", Doc: "It waits anew with each byte of READY."},
		{Name: "takes-long-frames-before-ready", Req: "READY-013", Doc: "It applies its max_frame from the first frame on."},
		{Name: "states-no-binding", Req: "READY-014", Doc: "It leaves cb out of READY."},
		{Name: "states-the-dialers-binding", Req: "READY-014", Doc: "It states the cb that is the dialer's."},
		{Name: "takes-any-binding", Req: "READY-015", Doc: "It does not look at cb."},
		{Name: "takes-its-own-binding", Req: "READY-015", Doc: "It takes a READY that repeats the acceptor's cb."},
		{Name: "sends-no-grease", Req: "READY-016", Doc: "It sends no grease frame behind READY."},
	}
}

func tlsBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "speaks-tls-1-2", Req: "TLS-001", Doc: "It accepts TLS 1.2."},
		{Name: "ignores-alpn", Req: "TLS-002", Doc: "It accepts a handshake whatever it offers by ALPN."},
		{Name: "takes-no-alpn-for-its-own", Req: "TLS-002", Doc: "It accepts a handshake without ALPN."},
		{Name: "refuses-other-alpn-beside-its-own", Req: "TLS-002", Doc: "It ends a handshake that offers more than handfast/1."},
		{Name: "serves-in-clear", Req: "TLS-008", Doc: "It opens plain links on its TLS address."},
		{Name: "answers-strangers-in-clear", Req: "TLS-008", Doc: "It answers whatever arrives on its TLS address in clear with REFUSE."},
		{Name: "offers-binding-in-clear", Req: "TLS-009", Doc: "It offers tls.bind on a plain transport."},
	}
}
