package conformance

import (
	"encoding/hex"
	"slices"
	"time"
)

// Compose completes a report of results that Run has not made, such as those of a parser, a proxy or a capture: the caller gives Cases and
// what is known about the run, and Compose the versions, the summary and the times.
func Compose(r Report, started time.Time) *Report {
	r.Format, r.Suite, r.Spec = 1, Suite, "1"
	r.Summary = summarise(r.Cases)
	r.Started = started.UTC()
	r.MS = float64(time.Since(started).Microseconds()) / 1000
	r.Options.Run, r.Options.Skip = append([]string{}, r.Options.Run...), append([]string{}, r.Options.Skip...)
	return &r
}

// Compose completes an entry from its bytes, of which the first 640 are kept: Bytes, Hex, and FaultAt unless at is negative or beyond them.
func (e Entry) Compose(b []byte, at int) Entry {
	kept := b[:min(len(b), maxEntryBytes)]
	e.Bytes, e.Hex = len(b), hex.EncodeToString(kept)
	if at >= 0 && at < len(kept) {
		e.FaultAt = &at
	}
	return e
}

// Only keeps the results that patterns choose as Select does, for runs that cannot choose before. The error is a *UsageError for patterns
// that match nothing.
func (r *Report) Only(run, skip []string) (*Report, error) {
	cases := make([]Case, len(r.Cases))
	for i := range r.Cases {
		cases[i] = Case{ID: r.Cases[i].ID, Req: r.Cases[i].Req}
	}
	kept, err := Select(cases, run, skip)
	if err != nil {
		return nil, err
	}
	out := *r
	out.Cases = slices.DeleteFunc(slices.Clone(r.Cases), func(one Result) bool {
		return !slices.ContainsFunc(kept, func(c Case) bool { return c.ID == one.ID })
	})
	out.Summary = summarise(out.Cases)
	out.Options.Run, out.Options.Skip = append([]string{}, run...), append([]string{}, skip...)
	return &out, nil
}
