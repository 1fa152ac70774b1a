package publish

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

// green is a report in which everything passes.
func green(t *testing.T, n int) *conformance.Report {
	t.Helper()
	r := complete(t, sample(t).Cases[0])
	for len(r.Cases) < n {
		r.Cases = append(r.Cases, r.Cases[0])
	}
	recount(r)
	return r
}

func TestBadge(t *testing.T) {
	svg, err := Badge(green(t, 710), nil)
	require.NoError(t, err)
	golden(t, "badge.svg", svg)
	require.Contains(t, string(svg), "handfast 1 core acceptor: 710/710 · suite 0.1.0")
	require.Contains(t, string(svg), badgeGreen)
	point, err := Endpoint(green(t, 710), nil)
	require.NoError(t, err)
	golden(t, "endpoint.json", point)

	amber := judged(t, complete(t, sample(t).Cases[0], sample(t).Cases[1], sample(t).Cases[6]), "frame/* | fail: | | | known")
	svg, err = Badge(amber.Report, amber.Outcome)
	require.NoError(t, err)
	golden(t, "badge_amber.svg", svg)
	require.Contains(t, string(svg), "1/2 · 1 known failure · 1 unsupported · suite 0.1.0")
	require.Contains(t, string(svg), badgeAmber)
	point, err = Endpoint(amber.Report, amber.Outcome)
	require.NoError(t, err)
	var shields struct {
		Version int    `json:"schemaVersion"`
		Color   string `json:"color"`
	}
	require.NoError(t, json.Unmarshal(point, &shields))
	require.Equal(t, 1, shields.Version)
	require.Equal(t, badgeAmber, shields.Color)

	codec := green(t, 1)
	codec.Mode, codec.Profile = "codec", "codec"
	svg, err = Badge(codec, nil)
	require.NoError(t, err)
	require.Contains(t, string(svg), "handfast 1 codec: 1/1")
}

func TestBadgeRefuses(t *testing.T) {
	all := sample(t).Cases
	partial, skipped := green(t, 1), green(t, 1)
	partial.Options.Run, skipped.Options.Skip = []string{"frame/*"}, []string{"frame/*"}
	tests := []struct {
		name string
		run  Run
		want BadgeReason
	}{
		{"run", Run{Report: partial}, BadgePartial},
		{"skip", Run{Report: skipped}, BadgePartial},
		{"no case", Run{Report: complete(t)}, BadgeEmpty},
		{"only unsupported", Run{Report: complete(t, all[6])}, BadgeEmpty},
		{"inconclusive", Run{Report: complete(t, all[0], all[5])}, BadgeInconclusive},
		{"weak", Run{Report: complete(t, all[0], all[2])}, BadgeWeak},
		{"weak and known", judged(t, complete(t, all[0], all[2]), "frame/* | weak | | | x"), BadgeWeak},
		{"fail", Run{Report: complete(t, all[0], all[1])}, BadgeUnexpected},
		{"crash", Run{Report: complete(t, all[0], all[4])}, BadgeUnexpected},
		{"fail and not listed", judged(t, complete(t, all[0], all[1]), ""), BadgeUnexpected},
		{"a list that is not right", judged(t, green(t, 1), "opening/* | fail: | | | x"), BadgeUnexpected},
		{"an outcome of another report", Run{Report: complete(t, all[1]), Outcome: judged(t, green(t, 1), "").Outcome}, BadgeUnexpected},
	}
	for _, tc := range tests {
		_, err := Badge(tc.run.Report, tc.run.Outcome)
		refused, ok := errors.AsType[*BadgeError](err)
		require.True(t, ok, "%s: %v", tc.name, err)
		require.Equal(t, tc.want, refused.Reason, tc.name)
		_, err = Endpoint(tc.run.Report, tc.run.Outcome)
		require.Error(t, err, tc.name)
	}
}

func TestBadgeIsHarmless(t *testing.T) {
	r := green(t, 1)
	r.Profile, r.Suite, r.Spec = hostile, hostile, hostile
	svg, err := Badge(r, nil)
	require.NoError(t, err)
	harmless(t, string(svg), "<script", "\x1b")
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		if _, err := d.Token(); err != nil {
			require.ErrorIs(t, err, io.EOF, "the SVG is XML")
			break
		}
	}
}
