package prose

import (
	"slices"
	"strings"
	"testing"

	"handfast/spec"
)

// id builds an id that the check of the module's Go files does not read as a citation.
func id(area, number string) string { return area + "-" + number }

func TestParse(t *testing.T) {
	page := "# Title\n\n**Words.** MUST and MAY\nand SHOULD are words.\n\n## 4 The opening\n\n" +
		"- **[HELLO-001]** A peer MUST go\n  on here.\n- a plain item\n\n### Rules\n\n### Rules\n\n- **[MP-001]** A peer MAY end.\n"
	found, faults := Parse("SPEC.md", page)
	if len(faults) != 0 || len(found) != 2 {
		t.Fatalf("got %v, faults %v", found, faults)
	}
	want := Sentence{"HELLO-001", "A peer MUST go on here.", "MUST", "SPEC.md", 8, "4 The opening", "4-the-opening"}
	if found[0] != want {
		t.Errorf("got %+v, want %+v", found[0], want)
	}
	if found[1].Anchor != "rules-1" {
		t.Errorf("anchor of the second heading of one name: %q", found[1].Anchor)
	}
}

func TestParseFaults(t *testing.T) {
	cases := []struct{ name, line, want string }{
		{"keyword without id", "A peer MUST go.", "MUST stands outside"},
		{"plain item", "- A peer SHOULD NOT go.", "SHOULD NOT stands outside"},
		{"keyword in a table", "| a | MAY |", "MAY stands outside"},
		{"keyword in a code block", "```\nMUST\n```", "MUST stands outside"},
		{"two keywords", "- **[HELLO-001]** A peer MUST go and MAY stop.", "has 2 keywords"},
		{"no keyword", "- **[HELLO-001]** A peer goes.", "has 0 keywords"},
		{"short number", "- **[HELLO-1]** A peer MUST go.", "not an area word and three digits"},
		{"unknown area", "- **[HALLO-001]** A peer MUST go.", "not an area word and three digits"},
		{"two ids", "- **[HELLO-001]** A peer MUST go. **[HELLO-002]**", "has a second id"},
		{"behind the definition", "**Words.** MUST\n\nA peer MUST go.", "MUST stands outside"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, faults := Parse("SPEC.md", tc.line)
			if len(faults) != 1 || !strings.Contains(faults[0].Error(), tc.want) {
				t.Errorf("got %v, want %q", faults, tc.want)
			}
		})
	}
}

func TestFlagNamesAreNoKeywords(t *testing.T) {
	if _, faults := Parse("SPEC.md", "The flag MUST_UNDERSTAND is a name, and a MUSTER is none."); len(faults) != 0 {
		t.Errorf("got %v", faults)
	}
}

// pair is a sentence and the row that belongs to it.
func pair() (Sentence, spec.Rule) {
	s := Sentence{ID: "HELLO-001", Text: "A peer MUST go.", Level: "MUST", Page: "SPEC.md"}
	r := spec.Rule{ID: s.ID, Text: s.Text, Level: "MUST", Page: "SPEC.md", Role: "peer", Testable: "wire"}
	return s, r
}

func TestCheck(t *testing.T) {
	cases := []struct {
		name  string
		spoil func(s *Sentence, r *spec.Rule)
		want  string
	}{
		{"text", func(s *Sentence, _ *spec.Rule) { s.Text += "." }, "text is"},
		{"level", func(_ *Sentence, r *spec.Rule) { r.Level = "MAY" }, "level is"},
		{"page", func(_ *Sentence, r *spec.Rule) { r.Page = "spec/call.md" }, "page is"},
		{"role", func(_ *Sentence, r *spec.Rule) { r.Role = "dialer" }, "role is"},
		{"why missing", func(_ *Sentence, r *spec.Rule) { r.Testable = "none" }, "`why`"},
		{"why too many", func(_ *Sentence, r *spec.Rule) { r.Why = "so" }, "`why`"},
		{"row without sentence", func(_ *Sentence, r *spec.Rule) { r.ID = "MP-001" }, "MP-001 stands on no page"},
		{"sentence without row", func(s *Sentence, _ *spec.Rule) { s.ID = "MP-001" }, "[MP-001] is not in requirements.json"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s, r := pair()
			tc.spoil(&s, &r)
			err := Check([]Sentence{s}, []spec.Rule{r})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	s, r := pair()
	if err := Check([]Sentence{s}, []spec.Rule{r}); err != nil {
		t.Errorf("an agreeing pair: %v", err)
	}
	if Check([]Sentence{s, s}, []spec.Rule{r}) == nil || Check([]Sentence{s}, []spec.Rule{r, r}) == nil {
		t.Error("an id that stands twice was accepted")
	}
}

func TestMentionsAndCodes(t *testing.T) {
	gone := id("HELLO", "999")
	err := CheckMentions("a.go", "// good: SPEC.md\n// "+gone, spec.Requirements())
	if err == nil || !strings.Contains(err.Error(), "a.go:2: "+gone) {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"REFUSE(NAP)", "link error NAP", "stream error NAP."} {
		if CheckCodes("SPEC.md", text, spec.Registry()) == nil {
			t.Errorf("%s was accepted", text)
		}
	}
	if err := CheckCodes("SPEC.md", "CLOSE(CALM), link error CODE, RESET(code)", spec.Registry()); err != nil {
		t.Error(err)
	}
}

func TestRefresh(t *testing.T) {
	s, r := pair()
	r.Testable, r.Why = "none", "because"
	added := Sentence{ID: "CALL-001", Text: "A caller MAY go.", Level: "MAY", Page: "spec/call.md"}
	s.Text = "A dialer MUST go."
	old := &spec.RequirementFile{Format: 1, Spec: "1", Requirements: []spec.Rule{r}}
	got, err := Refresh(old, []Sentence{added, s}, spec.Registry())
	if err != nil {
		t.Fatal(err)
	}
	want := []spec.Rule{
		{ID: "CALL-001", Level: "MAY", Role: "caller", Profile: "core", Page: "spec/call.md", Testable: "wire", Since: Since, Text: added.Text},
		{ID: "HELLO-001", Level: "MUST", Role: "dialer", Page: "SPEC.md", Testable: "none", Why: "because", Text: s.Text},
	}
	if !slices.Equal(got.Requirements, want) {
		t.Errorf("got %+v\nwant %+v", got.Requirements, want)
	}
	if _, err := Refresh(old, []Sentence{added}, spec.Registry()); err == nil {
		t.Error("a dropped id was accepted")
	}
}

func TestLinks(t *testing.T) {
	anchors := map[string]map[string]bool{"SPEC.md": Anchors("# 1 One exchange, byte by byte\n\n### Keys of `HELLO`\n")}
	exists := func(path string) bool { return path == "SPEC.md" }
	good := "[a](../SPEC.md) [b](../SPEC.md#1-one-exchange-byte-by-byte) [c](../SPEC.md#keys-of-hello) [d](https://x.example/#y)"
	if err := CheckLinks("spec/call.md", good, anchors, exists); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"[a](SPEC.md)", "[a](#rules)", "[a](../SPEC.md#rules)"} {
		if CheckLinks("spec/call.md", bad, anchors, exists) == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
