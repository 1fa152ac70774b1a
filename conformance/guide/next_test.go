package guide

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/conformance/vectors"
)

// TestCurriculumBuildsOnWhatComesBefore: levels ascend, every vector of core is there once, and none stands before its twin.
func TestCurriculumBuildsOnWhatComesBefore(t *testing.T) {
	l := library(t)
	items := l.curriculum()
	seen := make(map[string]bool)
	level := 0
	for _, item := range items {
		v := l.Vectors.Vector(item.ID)
		require.NotNil(t, v)
		assert.GreaterOrEqual(t, item.Level, level, item.ID)
		assert.False(t, seen[item.ID], item.ID)
		assert.True(t, v.Twinned == nil || seen[v.Twin], "%s stands before its twin %s", item.ID, v.Twin)
		assert.LessOrEqual(t, item.Level, len(Steps()), item.ID)
		level, seen[item.ID] = item.Level, true
	}
	all := slices.DeleteFunc(slices.Clone(l.Vectors.Vectors), func(v *vectors.Vector) bool { return profileOf(v) != "core" })
	assert.Len(t, items, len(all))
	assert.Equal(t, "frame/ping", items[0].ID)
}

func TestSteps(t *testing.T) {
	steps := Steps()
	require.Len(t, steps, 9)
	assert.True(t, strings.HasPrefix(steps[0], "CRC-32C, and the frame header"))
}

// fake judges by a table.
func fake(role string, items []Item, verdicts map[string]conformance.Verdict, err error) *Judge {
	return &Judge{
		Role: role, Items: items, Lenient: role != RoleCodec,
		Again: func(id string) string { return "again " + id },
		Run: func(_ context.Context, ids []string) ([]conformance.Result, error) {
			var list []conformance.Result
			for _, id := range slices.Backward(ids) { // in any order
				v, bad := verdicts[id]
				if !bad {
					v = conformance.Pass
				}
				list = append(list, conformance.Result{ID: id, Verdict: v, Expected: "this", Actual: "that"})
			}
			return list, err
		},
	}
}

func TestNext(t *testing.T) {
	l := library(t)
	codec := []Item{{"frame/ping", 1}, {"msgpack/nil", 2}, {"opening/hello", 3}}
	cases := []Item{{"opening/body-too-long", 3}, {"frame/header-checksum-wrong", 4}}
	bad := func(ids ...string) map[string]conformance.Verdict {
		m := make(map[string]conformance.Verdict)
		for _, id := range ids {
			m[id] = conformance.Fail
		}
		return m
	}
	tests := []struct {
		name    string
		judges  []*Judge
		item    string
		passed  int
		total   int
		problem bool
	}{
		{"everything passes", []*Judge{fake(RoleCodec, codec, nil, nil)}, "", 3, 3, false},
		{"the first that fails", []*Judge{fake(RoleCodec, codec, bad("opening/hello", "msgpack/nil"), nil)}, "msgpack/nil", 1, 3, false},
		{"levels before roles", []*Judge{fake(RoleCodec, codec, nil, nil), fake(RoleAcceptor, cases, bad("frame/header-checksum-wrong"), nil)},
			"frame/header-checksum-wrong", 4, 5, false},
		{"a parser has to know everything", []*Judge{fake(RoleCodec, codec, map[string]conformance.Verdict{"frame/ping": conformance.Unsupported}, nil)},
			"frame/ping", 0, 3, false},
		{"an acceptor need not", []*Judge{fake(RoleAcceptor, cases, map[string]conformance.Verdict{"opening/body-too-long": conformance.Unsupported}, nil)},
			"", 2, 2, false},
		{"weak is not enough", []*Judge{fake(RoleAcceptor, cases, map[string]conformance.Verdict{"opening/body-too-long": conformance.Weak}, nil)},
			"opening/body-too-long", 0, 2, false},
		{"nothing to judge", []*Judge{fake(RoleCodec, codec, nil, &conformance.PreflightError{Target: "x", Reason: "it is not there"})}, "frame/ping", 0, 3, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			n, err := l.Next(t.Context(), tc.judges)
			require.NoError(t, err)
			assert.Equal(t, tc.item == "", n.Done)
			if tc.item != "" {
				require.NotNil(t, n.Item)
				assert.Equal(t, tc.item, n.Item.ID)
				assert.Contains(t, n.Again, "again "+tc.item)
			}
			assert.Equal(t, []int{tc.passed, tc.total}, []int{n.Passed, n.Total})
			assert.Equal(t, tc.problem, n.Problem != "")
			var b strings.Builder
			require.NoError(t, n.WriteText(&b))
			assert.Contains(t, b.String(), tc.item)
		})
	}
	_, err := l.Next(t.Context(), []*Judge{fake(RoleCodec, codec, nil, &conformance.UsageError{Text: "wrong"})})
	var usage *conformance.UsageError
	assert.True(t, errors.As(err, &usage), "%v", err)
}

func TestStart(t *testing.T) {
	n := library(t).Start(t.Context())
	assert.Equal(t, "frame/ping", n.Item.ID)
	assert.Equal(t, 1, n.Level)
}
