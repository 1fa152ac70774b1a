package conformance

import (
	"encoding"
	"fmt"
	"slices"
)

// Verdict is what a case found. Only Pass is good; Unsupported is not held against a peer. The zero value is the one that
// nobody can mistake for a result: a case that was never finished must not look green.
type Verdict uint8

// The verdicts.
const (
	Inconclusive Verdict = iota // the suite's own fault: it could not measure
	Pass
	Weak        // rejected, but without a readable reason: the transport just ended
	Fail        // the peer did something else than the requirement says
	Unsupported // the case needs something that the peer does not offer
	Crash       // the peer listens no more
	Timeout     // the peer did nothing for as long as the suite waits
)

// verdictNames are the keys of a report's summary, in the order of the constants.
func verdictNames() []string {
	return []string{"inconclusive", "pass", "weak", "fail", "unsupported", "crash", "timeout"}
}

// String gives the verdict's name in reports.
func (v Verdict) String() string {
	if names := verdictNames(); int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

var (
	_ encoding.TextMarshaler   = Verdict(0)
	_ encoding.TextUnmarshaler = (*Verdict)(nil)
)

// MarshalText gives the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText takes the verdict's name.
func (v *Verdict) UnmarshalText(text []byte) error {
	i := slices.Index(verdictNames(), string(text))
	if i < 0 {
		return fmt.Errorf("conformance: no verdict %q", text)
	}
	*v = Verdict(i)
	return nil
}

// Summary counts verdicts.
type Summary struct {
	Cases        int `json:"cases"`
	Pass         int `json:"pass"`
	Weak         int `json:"weak"`
	Fail         int `json:"fail"`
	Unsupported  int `json:"unsupported"`
	Crash        int `json:"crash"`
	Timeout      int `json:"timeout"`
	Inconclusive int `json:"inconclusive"`
}

// summarise counts the verdicts of results.
func summarise(results []Result) Summary {
	s := Summary{Cases: len(results)}
	for _, r := range results {
		*s.count(r.Verdict)++
	}
	return s
}

// count points to the counter of v.
func (s *Summary) count(v Verdict) *int {
	switch v {
	case Pass:
		return &s.Pass
	case Weak:
		return &s.Weak
	case Fail:
		return &s.Fail
	case Unsupported:
		return &s.Unsupported
	case Crash:
		return &s.Crash
	case Timeout:
		return &s.Timeout
	default:
		return &s.Inconclusive
	}
}
