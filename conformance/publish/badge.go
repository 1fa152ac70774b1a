package publish

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"strings"

	"handfast/conformance"
	"handfast/conformance/known"
)

// BadgeReason is why there is no badge.
type BadgeReason string

// The reasons.
const (
	BadgePartial      BadgeReason = "partial"      // --run or --skip left cases out
	BadgeEmpty        BadgeReason = "empty"        // no case says anything about the peer
	BadgeInconclusive BadgeReason = "inconclusive" // the suite could not measure all
	BadgeWeak         BadgeReason = "weak"         // rejections without a readable reason
	BadgeUnexpected   BadgeReason = "unexpected"   // failures that are not known, or a list that is not right
)

// BadgeError says why there is no badge for a run.
type BadgeError struct {
	Reason BadgeReason
	Text   string
}

// Error gives the text.
func (e *BadgeError) Error() string { return "no badge: " + e.Text }

// badge is what a badge says.
type badge struct {
	Label, Message string
	Amber          bool
}

// Colours of badges; white text is readable on them.
const (
	badgeGrey  = "#3f4652"
	badgeGreen = "#1a7f37"
	badgeAmber = "#9a6700"
)

// Badge makes the SVG of a full run: "handfast 1 core acceptor", "710/710 · suite 0.1.0". It is green if every case passes. It is amber and
// names the number of known failures if they are all as outcome's list has them. For any other run there is none, and a *BadgeError
// that says why: a badge must not say more than the run does.
func Badge(report *conformance.Report, outcome *known.Outcome) (svg []byte, err error) {
	b, err := newBadge(report, outcome)
	if err != nil {
		return nil, err
	}
	return b.svg(), nil
}

// Endpoint makes the JSON that shields.io makes a badge from. It refuses what Badge refuses.
func Endpoint(report *conformance.Report, outcome *known.Outcome) ([]byte, error) {
	b, err := newBadge(report, outcome)
	if err != nil {
		return nil, err
	}
	colour := badgeGreen
	if b.Amber {
		colour = badgeAmber
	}
	out, err := json.MarshalIndent(struct {
		Version    int    `json:"schemaVersion"`
		Label      string `json:"label"`
		Message    string `json:"message"`
		LabelColor string `json:"labelColor"`
		Color      string `json:"color"`
	}{1, b.Label, b.Message, badgeGrey, colour}, "", " ")
	return append(out, '\n'), err
}

func newBadge(r *conformance.Report, o *known.Outcome) (*badge, error) {
	s := r.Summary
	refuse := func(reason BadgeReason, format string, args ...any) (*badge, error) {
		return nil, &BadgeError{Reason: reason, Text: fmt.Sprintf(format, args...)}
	}
	failures := s.Fail + s.Crash + s.Timeout
	knownFailures := 0
	if o != nil {
		knownFailures = o.Known
		for id, m := range o.Marked {
			if m.Mark == known.MarkFlaky && !passed(r, id) {
				knownFailures++
			}
		}
	}
	switch {
	case known.Partial(r):
		return refuse(BadgePartial, "the run was of some cases only (--run or --skip)")
	case known.Executed(r) == 0:
		return refuse(BadgeEmpty, "no case ran")
	case s.Inconclusive > 0:
		return refuse(BadgeInconclusive, "%d cases are inconclusive", s.Inconclusive)
	case s.Weak > 0:
		return refuse(BadgeWeak, "%d cases are weak: the peer closed without a reason that can be read", s.Weak)
	case o == nil && failures > 0:
		return refuse(BadgeUnexpected, "%d cases fail, and no list of known failures was looked at", failures)
	case o != nil && len(o.Differences) > 0:
		return refuse(BadgeUnexpected, "the run is not as its repository says: %s", o.Differences[0])
	case failures != knownFailures:
		return refuse(BadgeUnexpected, "%d cases fail, and %d are known to", failures, knownFailures)
	}
	run := Run{Report: r}
	b := &badge{
		Label:   strings.TrimSpace(plain("handfast "+r.Spec+" "+r.Profile+" "+run.role(), 60)),
		Message: fmt.Sprintf("%d/%d", s.Pass, known.Executed(r)),
	}
	if failures > 0 {
		b.Amber = true
		b.Message += fmt.Sprintf(" · %d known %s", failures, plural(failures, "failure"))
	}
	if s.Unsupported > 0 {
		b.Message += fmt.Sprintf(" · %d unsupported", s.Unsupported)
	}
	b.Message += " · suite " + plain(r.Suite, 20)
	return b, nil
}

// passed reports whether a case of the report passed.
func passed(r *conformance.Report, id string) bool {
	for i := range r.Cases {
		if r.Cases[i].ID == id {
			return r.Cases[i].Verdict == conformance.Pass
		}
	}
	return false
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// svg draws the badge. The texts are given their lengths, so that they fit whatever font the viewer has.
func (b *badge) svg() []byte {
	const padding, height = 8.0, 20
	left, right := textWidth(b.Label), textWidth(b.Message)
	split := math.Round(left + 2*padding)
	total := split + math.Round(right+2*padding)
	colour := badgeGreen
	if b.Amber {
		colour = badgeAmber
	}
	label, message := xmlEscape(b.Label), xmlEscape(b.Message)
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d" role="img" aria-label="%s: %s">`+"\n", total, height, total, height, label, message)
	fmt.Fprintf(&s, ` <title>%s: %s</title>`+"\n", label, message)
	fmt.Fprintf(&s, ` <clipPath id="r"><rect width="%.0f" height="%d" rx="4"/></clipPath>`+"\n", total, height)
	fmt.Fprintf(&s, ` <g clip-path="url(#r)"><rect width="%.0f" height="%d" fill="%s"/><rect x="%.0f" width="%.0f" height="%d" fill="%s"/></g>`+"\n",
		split, height, badgeGrey, split, total-split, height, colour)
	s.WriteString(` <g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">` + "\n")
	fmt.Fprintf(&s, `  <text x="%.1f" y="14" textLength="%.1f">%s</text>`+"\n", padding, left, label)
	fmt.Fprintf(&s, `  <text x="%.1f" y="14" textLength="%.1f">%s</text>`+"\n", split+padding, right, message)
	s.WriteString(" </g>\n</svg>\n")
	return []byte(s.String())
}

// textWidth gives about the width of a text in 11 px Verdana.
func textWidth(text string) float64 {
	width := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("ijlf.·'|,: ", r):
			width += 3.7
		case strings.ContainsRune("rt/()-", r):
			width += 4.6
		case strings.ContainsRune("cskvxz", r):
			width += 5.9
		case strings.ContainsRune("mwMW", r):
			width += 10
		case r >= 'A' && r <= 'Z':
			width += 7.9
		default:
			width += 6.8
		}
	}
	return math.Round(width*10) / 10
}

func xmlEscape(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return "" // a strings.Builder never fails
	}
	return b.String()
}
