package wire

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"handfast/codec"
	"handfast/spec"
)

// Opening judges an opening and takes it into the state of the link.
func (l *Link) Opening(from Side, raw []byte, o codec.Opening) *Violation {
	if o.Refuse != nil {
		l.Ends[from].Opening, l.Ends[from].Refused = raw, true
		return refusal(raw, o.Refuse)
	}
	l.setHello(from, raw, o.Hello)
	return l.hello(o.Hello)
}

// refusal judges REFUSE.
func refusal(raw []byte, r *codec.Refuse) *Violation {
	switch {
	case len(raw) > codec.OpeningSize+codec.MaxRefuseBody:
		return brokeAt(16, "HELLO-020", "REFUSE with a body of %d bytes", len(raw)-codec.OpeningSize)
	case !slices.Contains(r.Vers, codec.WireVersion):
		return Broke("HELLO-019", "REFUSE lists the versions %v", r.Vers)
	case len(r.Text) > codec.MaxText || !utf8.ValidString(r.Text):
		return Broke("CLOSE-004", "text of REFUSE is too long or not UTF-8")
	}
	return nil
}

// hello judges what a HELLO must contain, beyond its form, which codec has checked.
func (l *Link) hello(h *codec.Hello) *Violation {
	if !slices.ContainsFunc(h.Vers, codec.IsGreaseVersion) {
		return Broke("VER-004", "HELLO lists no grease version")
	}
	for _, c := range spec.Registry().Capabilities {
		if _, ok := h.Caps[c.Name]; !ok && strings.HasPrefix(c.Name, "probe.") {
			return Broke("CAP-007", "HELLO does not offer %s", c.Name)
		}
	}
	if !slices.ContainsFunc(capNames(h.Caps), IsGreaseCap) {
		return Broke("CAP-009", "HELLO offers no capability %s and four hexadecimal digits", codec.GreaseCapabilityPrefix)
	}
	if _, ok := h.Caps["tls.bind"]; ok && !l.TLS {
		return Broke("TLS-009", "tls.bind offered on a transport that is not TLS")
	}
	return nil
}

func capNames(caps codec.Caps) []string {
	names := make([]string, 0, len(caps))
	for name := range caps {
		names = append(names, name)
	}
	return names
}

// IsGreaseCap tells the name of a capability that means nothing (CAP-009).
func IsGreaseCap(name string) bool {
	digits, ok := strings.CutPrefix(name, codec.GreaseCapabilityPrefix)
	return ok && len(digits) == 4 && strings.Trim(digits, "0123456789abcdef") == ""
}

// readyFrame holds READY against what both HELLOs give. Where codec's own computation is compared, so is the rule that was
// broken: a wrong merge is reported by the rule of the capability, not by the sum of all rules.
func (l *Link) readyFrame(from Side, f codec.Frame) *Violation {
	m, err := codec.ParseReady(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.Ends[from]
	if e.Ready {
		return Broke("READY-003", "second READY")
	}
	e.Ready = true
	if l.Agreed == nil {
		return nil // openings that do not agree; a case that sends them says what it wants
	}
	if m.TH != l.Hash() {
		return Broke("READY-004", "th is %x, the hash of the openings is %x", m.TH, l.Hash())
	}
	if m.Version != l.Agreed.Version {
		if codec.IsGreaseVersion(m.Version) {
			return Broke("VER-003", "ver is the grease version %04X", m.Version)
		}
		return Broke("VER-001", "ver is %d, the greatest common version is %d", m.Version, l.Agreed.Version)
	}
	if v := l.readyCaps(m); v != nil {
		return v
	}
	if want, err := codec.AppendProtos(nil, l.Agreed.Protos); err == nil && !bytes.Equal(m.ProtosRaw, want) {
		return Broke("READY-011", "protos is %v, the common sub-protocols are %v", m.Protos, l.Agreed.Protos)
	}
	return l.readyBinding(from, m)
}

// readyBinding compares cb with what the TLS exporter gives, where the link can ask it.
func (l *Link) readyBinding(from Side, m *codec.Ready) *Violation {
	if l.Agreed.Caps["tls.bind"] != true {
		return nil
	}
	if m.CB == nil {
		return Broke("READY-014", "cb is missing, and tls.bind was selected")
	}
	if l.Binding == nil {
		return nil
	}
	if want := l.Binding(from, m.TH); want != nil && !bytes.Equal(m.CB, want) {
		return Broke("READY-014", "cb is %x, the TLS exporter gives %x", m.CB, want)
	}
	return nil
}

// readyCaps compares the capabilities of READY name by name, to cite the rule that each comes from.
func (l *Link) readyCaps(m *codec.Ready) *Violation {
	want, err := codec.AppendCaps(nil, l.Agreed.Caps)
	if err != nil || bytes.Equal(m.CapsRaw, want) {
		return nil
	}
	for _, c := range spec.Registry().Capabilities {
		got, has := m.Caps[c.Name]
		expected, due := l.Agreed.Caps[c.Name]
		if has == due && equalCap(got, expected) {
			continue
		}
		if !l.bothOffer(c.Name) {
			return Broke("CAP-001", "%s is %v in READY, and not in both HELLOs", c.Name, got)
		}
		return Broke(mergeRule(c.Rule), "%s is %v in READY and %v by rule %s", c.Name, got, expected, c.Rule)
	}
	return Broke("CAP-001", "caps is %v, and %v was agreed", m.Caps, l.Agreed.Caps)
}

// bothOffer tells whether a capability is in both HELLOs.
func (l *Link) bothOffer(name string) bool {
	_, dialers := l.Ends[Dialer].Hello.Caps[name]
	_, acceptors := l.Ends[Acceptor].Hello.Caps[name]
	return dialers && acceptors
}

// mergeRule gives the requirement of a merge rule.
func mergeRule(rule string) string {
	switch rule {
	case "AND":
		return "CAP-002"
	case "MIN":
		return "CAP-003"
	case "MAX":
		return "CAP-004"
	case "INTERSECT":
		return "CAP-005"
	case "CHOOSE":
		return "CAP-006"
	}
	return "CAP-001"
}

func equalCap(a, b any) bool {
	x, isSet := a.([]string)
	y, both := b.([]string)
	if isSet || both {
		return isSet == both && slices.Equal(x, y)
	}
	return a == b
}
