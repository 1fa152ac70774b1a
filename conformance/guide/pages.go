package guide

import (
	"regexp"
	"strings"

	"handfast"
	"handfast/spec"
	"handfast/spec/page"
)

var chapterName = regexp.MustCompile(`^(?:chapter[ -]?)?(\d+)$`)

// paper explains a page, or a chapter of SPEC.md, by its text.
func paper(name string) (*Explanation, bool) {
	if m := chapterName.FindStringSubmatch(name); m != nil {
		chapter, ok := page.Chapter(m[1])
		if !ok {
			return nil, false
		}
		e := &Explanation{Kind: "chapter", ID: chapter.Link(), Title: chapter.Title}
		for _, s := range page.InChapter(chapter) {
			if s.Title != chapter.Title {
				e.Text += "### " + s.Title + "\n"
			}
			e.Text += strings.Join(s.Lines, "\n") + "\n"
		}
		e.Text = withoutMarks(e.Text)
		return e, true
	}
	path, ok := papers()[name]
	if !ok {
		return nil, false
	}
	text, ok := handfast.Page(path)
	return &Explanation{Kind: "page", ID: path, Title: "the whole page", Text: withoutMarks(text)}, ok
}

// withoutMarks drops the lines that only say where generated text begins and ends.
func withoutMarks(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "<!-- ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// papers gives the pages by their short names.
func papers() map[string]string {
	all := map[string]string{"spec": "SPEC.md", "driver": "conformance/DRIVER.md"}
	for _, p := range spec.Registry().Protos {
		all[p.Name] = "spec/" + p.Page
	}
	return all
}
