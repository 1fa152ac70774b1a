package mutant

import (
	"slices"
	"strings"

	"handfast/codec"
)

// fussy refuses a good HELLO, in a peer that is stricter than the specification.
func (p *peer) fussy(o codec.Opening, body []byte) error {
	h := o.Hello
	refuse := func(req, what string) error { return linkFault(req, codec.CodeEncoding, "%s", what) }
	known := len(h.Vers) <= 8 || !p.has("looks-at-the-first-version") && !p.has("looks-at-the-last-version") ||
		p.has("looks-at-the-first-version") && h.Vers[0] == codec.WireVersion ||
		p.has("looks-at-the-last-version") && h.Vers[len(h.Vers)-1] == codec.WireVersion
	switch {
	case p.has("refuses-opening-flags") && o.Header.Flags != 0:
		return refuse("HELLO-005", "flags")
	case p.has("needs-sw") && h.SW == "":
		return refuse("HELLO-010", "no sw")
	case p.has("refuses-texts-of-64-bytes") && max(len(h.SW), len(h.ClusterName)) >= 64:
		return refuse("HELLO-010", "a text that is too long")
	case p.has("needs-every-limit") && h.Limits == codec.DefaultLimits():
		return refuse("HELLO-010", "no limits")
	case p.has("refuses-unknown-keys") && strangeKey(body, strings.Fields("caps cluster cluster_name incarnation limits need node nonce protos sw vers")...):
		return refuse("HELLO-011", "a key that nobody knows")
	case p.has("refuses-unknown-limits") && strangeLimit(body):
		return refuse("EXT-005", "a limit that nobody knows")
	case p.has("refuses-many-versions") && len(h.Vers) > 8:
		return refuse("HELLO-015", "too many versions")
	case !known:
		return linkFault("HELLO-015", codec.CodeNoVersion, "no common version")
	}
	return p.fussyCaps(h.Caps)
}

// fussyCaps does so with capabilities.
func (p *peer) fussyCaps(caps codec.Caps) error {
	refuse := func(req, name string) error {
		return linkFault(req, codec.CodeEncoding, "capability %q", name)
	}
	registered := func(name string) bool {
		return slices.ContainsFunc(codec.CapabilityInfos(), func(info codec.CapabilityInfo) bool { return info.Name == name })
	}
	for name, v := range caps {
		names, _ := v.([]string)
		grease := strings.HasPrefix(name, codec.GreaseCapabilityPrefix)
		strange := slices.ContainsFunc(names, func(n string) bool { return !isName(n) })
		_, isMap := v.(map[string]any)
		switch {
		case p.has("refuses-unknown-capabilities") && !registered(name) && !grease,
			p.has("refuses-unknown-lists-out-of-order") && !registered(name) && !slices.IsSorted(names),
			p.has("refuses-unknown-capabilities-of-other-types") && !registered(name) && isMap,
			p.has("refuses-capabilities-without-form") && !isName(name):
			return refuse("CAP-008", name)
		case p.has("refuses-strange-names-in-sets") && name == "probe.intersect" && strange:
			return refuse("CAP-005", name)
		case p.has("refuses-strange-names-in-lists") && name == "probe.choose" && strange:
			return refuse("CAP-006", name)
		}
	}
	return nil
}

// isName tells the form of a name (chapter 2).
func isName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// leniency gives what this peer takes and should refuse.
func (p *peer) leniency() (leniency, bool) {
	for _, l := range slices.Concat(headerLeniencies(), keyLeniencies(), listLeniencies(), msgpackLeniencies()) {
		if p.has(l.Name) {
			return l, true
		}
	}
	return leniency{}, false
}

// strangeLimit tells whether a HELLO states a limit that nobody knows.
func strangeLimit(body []byte) bool {
	v, err := codec.ParseValue(body)
	if err != nil {
		return false
	}
	var names []string
	for _, info := range codec.LimitInfos() {
		names = append(names, info.Name)
	}
	stated, _ := v.Lookup("limits")
	return strangeKey(stated.Raw(), names...)
}
