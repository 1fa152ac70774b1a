package page

import (
	"os"
	"strings"
	"testing"

	"handfast/spec"
)

func TestEverySentenceHasAPlace(t *testing.T) {
	for _, r := range spec.Requirements() {
		p, ok := Of(r.ID)
		if !ok {
			t.Errorf("%s has no place", r.ID)
			continue
		}
		if p.Section == nil || p.Section.Page != r.Page || p.Section.Chapter == "" && r.Page == mainPage {
			t.Errorf("%s stands in %+v", r.ID, p.Section)
		}
		if line := p.Section.Lines[p.Line-p.Section.Line-1]; !strings.Contains(line, "["+r.ID+"]") {
			t.Errorf("%s: line %d of %s is %q", r.ID, p.Line, r.Page, line)
		}
	}
}

// TestPagesAreThoseOfTheTree: a binary quotes the pages that it was built beside.
func TestPagesAreThoseOfTheTree(t *testing.T) {
	for path, text := range read().texts {
		have, err := os.ReadFile("../../" + path)
		if err != nil || string(have) != text {
			t.Errorf("%s differs from the file: %v", path, err)
		}
	}
}

func TestEveryFrameOpeningAndMessageHasABlock(t *testing.T) {
	reg := spec.Registry()
	for _, f := range reg.Frames {
		b, ok := BlockOf("frame " + f.Name)
		if f.Profile == "delivery" { // its page is not written
			continue
		}
		if !ok || b.Text == "" || len(b.Tables) != 1 || (f.Body == "map") == (b.Diagram != "") {
			t.Errorf("frame %s: %v %+v", f.Name, ok, b)
		}
	}
	for _, name := range []string{"opening", "header", "keys HELLO", "keys REFUSE", "limits", "constants", "errors", "capabilities"} {
		if b, ok := BlockOf(name); !ok || len(b.Tables) == 0 || len(b.Tables[0].Rows) == 0 {
			t.Errorf("block %s: %v %+v", name, ok, b)
		}
	}
	for _, p := range reg.Protos {
		for _, m := range p.Messages {
			if b, ok := Message(p.Name, m.Name); !ok || b.Diagram == "" || len(b.Tables) == 0 || len(b.Tables[0].Rows) != len(m.Fields) {
				t.Errorf("message %s of %s: %v %+v", m.Name, p.Name, ok, b)
			}
		}
	}
	if _, ok := BlockOf("frame NONE"); ok {
		t.Error("a frame that does not exist has a block")
	}
}

func TestWhys(t *testing.T) {
	p, _ := Of("STRM-001")
	var titles []string
	for _, w := range p.Section.Whys() {
		titles = append(titles, w.Title)
		if w.Text == "" || strings.Contains(w.Text, "**") {
			t.Errorf("%s: %q", w.Title, w.Text)
		}
	}
	want := "Why ids without gaps, Why a finished stream is simply ignored, Why a slot waits for the work"
	if got := strings.Join(titles, ", "); got != want {
		t.Errorf("reasons %q, want %q", got, want)
	}
}

func TestMentions(t *testing.T) {
	var got []string
	for _, m := range Mentions("HELLO-007") {
		got = append(got, m.Section.Chapter+": "+m.Text)
	}
	want := "14 Errors, and which comes first: 2. `length` (HELLO-007)"
	if len(got) < 2 || got[0] != want {
		t.Errorf("mentions %q, want the first to be %q", got, want)
	}
}

func TestStateTables(t *testing.T) {
	var names []string
	for _, table := range StateTables() {
		names = append(names, table.Name)
		for _, row := range table.Rows {
			if len(row) != len(table.Head) {
				t.Errorf("%s, %s: %d cells of %d", table.Name, row[0], len(row), len(table.Head))
			}
		}
	}
	if got := strings.Join(names, " "); got != "Link Stream Heartbeat" {
		t.Errorf("tables %q", got)
	}
	link := StateTables()[0]
	if only := link.Only([]int{1}); len(only.Rows) != 3 || only.Head[1] != "opening good" {
		t.Errorf("one column: %+v", only)
	}
}

func TestChapters(t *testing.T) {
	s, ok := Chapter("3")
	if !ok || s.Title != "3 In which order to implement" || s.Link() != "SPEC.md#3-in-which-order-to-implement" {
		t.Errorf("chapter 3: %+v", s)
	}
	if _, ok := Chapter("99"); ok {
		t.Error("there is a chapter 99")
	}
}

func TestCells(t *testing.T) {
	got := cellsOf("| a \\| b | **c** | [d](e.md) | `f` |")
	if strings.Join(got, ";") != "a | b;c;d;`f`" {
		t.Errorf("%q", got)
	}
}
