package pages

import (
	"strings"
	"testing"

	"handfast/spec"
	"handfast/spec/internal/prose"
)

func TestSplice(t *testing.T) {
	render := func(name string, args []string) (string, bool, error) {
		return name + " " + strings.Join(args, ",") + "\n", name != "exchange", nil
	}
	page := "a\n<!-- gen:keys HELLO -->\nold\n<!-- end -->\nb\n<!-- gen:exchange -->\nkept\n<!-- end -->\n"
	want := "a\n<!-- gen:keys HELLO -->\n\nkeys HELLO\n\n<!-- end -->\nb\n<!-- gen:exchange -->\nkept\n<!-- end -->\n"
	got, err := Splice("p", page, render)
	if err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if again, err := Splice("p", got, render); err != nil || again != got {
		t.Errorf("a second run changes the page: %q, %v", again, err)
	}
}

func TestSpliceFaults(t *testing.T) {
	cases := []struct{ name, page, want string }{
		{"no end", "<!-- gen:limits -->\n", "the block limits has no"},
		{"no end before the next", "<!-- gen:limits -->\n<!-- gen:errors -->\n<!-- end -->\n", "the block limits has no"},
		{"end alone", "a\n<!-- end -->\n", "p:2: an end without a block"},
		{"unknown block", "<!-- gen:colours -->\n<!-- end -->\n", "no block gen:colours"},
		{"unknown frame", "<!-- gen:frame DATUM -->\n<!-- end -->\n", "no frame DATUM"},
		{"unknown kind", "<!-- gen:keys HALLO -->\n<!-- end -->\n", "no kind of opening HALLO"},
		{"unknown sub-protocol", "<!-- gen:proto chat -->\n<!-- end -->\n", "no sub-protocol chat"},
		{"argument missing", "<!-- gen:frame -->\n<!-- end -->\n", "no block gen:frame with 0 arguments"},
		{"argument too many", "<!-- gen:limits all -->\n<!-- end -->\n", "no block gen:limits with 1 arguments"},
		{"malformed mark", "<!-- gen:Limits -->\n<!-- end -->\n", "not of the form"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Splice("p", tc.page, Blocks(spec.Registry()))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestDiagram(t *testing.T) {
	n := func(v int) *int { return &v }
	fields := []spec.Field{
		{Name: "kind", Size: n(1)}, {Name: "long", Size: n(9)}, {Name: "rest", Type: "bytes"}, {Name: "more", Type: "map"},
	}
	want := `           0          1          2          3          4          5          6          7
      +----------+----------+----------+----------+----------+----------+----------+----------+
    0 |   kind   |                                    long                                    |
      +----------+----------+----------+----------+----------+----------+----------+----------+
    8 |   long (goes on)    |                           rest, bytes                           ~
      +----------+----------+----------+----------+----------+----------+----------+----------+
  ... ~                                       more, map                                       ~
      +----------+----------+----------+----------+----------+----------+----------+----------+
`
	if got := diagram(fields); got != "```text\n"+want+"```\n" {
		t.Errorf("got\n%s", got)
	}
	if half := diagram([]spec.Field{{Name: "a", Size: n(4)}}); strings.Count(half, "+") != 10 {
		t.Errorf("half a row has another border:\n%s", half)
	}
}

func TestCells(t *testing.T) {
	for in, want := range map[string]string{"a|b": `a\|b`, "x.<y>": `x.\<y>`, "`x.<y>`": "`x.<y>`"} {
		if got := escape(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	for in, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(in); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestIndex(t *testing.T) {
	long := "A peer MUST " + strings.Repeat("go on and ", 9) + "`never stop` doing so, whatever happens."
	s := prose.Sentence{ID: "CALL-001", Text: long, Level: "MUST", Page: "spec/call.md", Anchor: "the-test-kit"}
	rows := []spec.Rule{{ID: "CALL-001", Role: "peer", Profile: "core", Testable: "wire"}}
	got := Index([]prose.Sentence{s}, rows)
	for _, want := range []string{"[spec/call.md](call.md#the-test-kit)", "go on and ... |"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
