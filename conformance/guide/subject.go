package guide

import (
	"regexp"
	"slices"
	"strings"

	"handfast/spec"
	"handfast/spec/page"
)

// subject is what a sentence speaks about, as far as its words say.
type subject struct {
	area   string   // FRAME of FRAME-001
	words  []string // frames, kinds of openings, messages and flags that it names, apart from those in its answer
	quoted []string // fields, keys and limits: the names between back quotes
	codes  []string // error codes that it names
	text   string   // without its answers
	sends  string   // the whole text, to tell who sends
}

var (
	answerForm = regexp.MustCompile(`\b(?:REFUSE|CLOSE|REJECT|RESET|ERROR)\(([A-Z][A-Z_]+)\)|\b(?:link|stream) error ([A-Z][A-Z_]+)\b`)
	quotedName = regexp.MustCompile("`([a-z0-9_.]+)`")
	bigWord    = regexp.MustCompile(`\b[A-Z][A-Z_]+`)
)

// subjectOf reads a sentence.
func subjectOf(id, text string) subject {
	s := subject{sends: text}
	s.area, _, _ = strings.Cut(id, "-")
	for _, m := range answerForm.FindAllStringSubmatch(text, -1) {
		s.codes = appendNew(s.codes, m[1]+m[2])
	}
	s.text = answerForm.ReplaceAllString(text, "")
	for _, m := range quotedName.FindAllStringSubmatch(s.text, -1) {
		s.quoted = appendNew(s.quoted, m[1])
	}
	for _, w := range bigWord.FindAllString(s.text, -1) {
		if isSubject(w) {
			s.words = appendNew(s.words, w)
		}
	}
	return s
}

func appendNew(list []string, one string) []string {
	if slices.Contains(list, one) {
		return list
	}
	return append(list, one)
}

// isSubject tells whether a word names a frame, an opening, a message or a flag.
func isSubject(word string) bool {
	reg := spec.Registry()
	_, isFrame := reg.Frame(word)
	_, isKind := reg.Kind(word)
	return isFrame || isKind || messageProto(word) != "" || isFlag(word)
}

func isFlag(word string) bool {
	return slices.ContainsFunc(spec.Registry().Flags, func(f spec.Flag) bool { return f.Name == word })
}

// messageProto gives the sub-protocol that has a message, "" for none.
func messageProto(word string) string {
	for _, p := range spec.Registry().Protos {
		if slices.ContainsFunc(p.Messages, func(m spec.Message) bool { return m.Name == word }) {
			return p.Name
		}
	}
	return ""
}

// Layout is the form of something on the wire, from the pages.
type Layout struct {
	Name    string       `json:"name"`
	Text    string       `json:"text,omitempty"`
	Diagram string       `json:"diagram,omitempty"`
	Tables  []page.Table `json:"tables,omitempty"`
}

// layoutOf finds the layout of a frame, an opening or a message by its name.
func layoutOf(word string) (list []Layout) {
	add := func(name string, b page.Block, ok bool) {
		if ok {
			list = append(list, Layout{Name: name, Text: b.Text, Diagram: b.Diagram, Tables: b.Tables})
		}
	}
	block := func(name, title string) {
		b, ok := page.BlockOf(name)
		add(title, b, ok)
	}
	reg := spec.Registry()
	if _, ok := reg.Frame(word); ok {
		block("frame "+word, "payload of "+word)
	} else if _, ok := reg.Kind(word); ok {
		block("opening", "opening")
		block("keys "+word, "keys of "+word)
	} else if proto := messageProto(word); proto != "" {
		b, ok := page.Message(proto, word)
		add(word+" of the sub-protocol "+proto, b, ok)
	} else if word == "header" {
		block("header", "header of a frame")
	}
	return list
}

// byArea names what the sentences of an area are about where their words do not say.
var byArea = map[string]string{
	"HELLO": "HELLO", "VER": "HELLO", "CAP": "HELLO", "READY": "READY", "FRAME": "header", "BEAT": "PING", "STRM": "OPEN",
	"DATA": "DATA", "CRED": "CREDIT", "DRAIN": "DRAIN", "CLOSE": "CLOSE",
}

// layouts gives the forms of what the sentence is about. Where it names fields or keys only their rows are kept; where it names
// limits their rows come too.
func (s *subject) layouts() []Layout {
	var all []Layout
	flags := false
	for _, w := range s.words {
		flags = flags || isFlag(w)
		all = append(all, layoutOf(w)...)
	}
	about := strings.Contains(s.text, "header") || strings.Contains(s.text, "trailer") || flags
	if len(all) == 0 && (about || s.area == "FRAME") {
		all = layoutOf("header")
	}
	if len(all) == 0 && strings.Contains(s.text, "opening") {
		all = layoutOf("HELLO")
	}
	if len(all) == 0 && len(s.limits()) == 0 {
		all = layoutOf(byArea[s.area])
	}
	all = s.narrow(all)
	if rows := s.limits(); len(rows) > 0 {
		all = append(all, Layout{Name: "limits", Tables: []page.Table{{Head: blockTable("limits").Head, Rows: rows}}})
	}
	return all
}

// narrow keeps the layouts that have what the sentence names, and the rows about it. Without a name everything stays, apart from the keys of
// an opening in a sentence that does not speak of keys, and the other way round.
func (s *subject) narrow(all []Layout) []Layout {
	names := slices.Clone(s.quoted)
	for _, w := range s.words {
		if isFlag(w) {
			names = append(names, w)
		}
	}
	var named []Layout
	for _, l := range all {
		if only := only(l, names); len(only.Tables) > 0 {
			named = append(named, only)
		}
	}
	if len(named) > 0 {
		return uniqueLayouts(named)
	}
	keys := strings.Contains(s.text, "key") || strings.Contains(s.text, "body")
	return uniqueLayouts(slices.DeleteFunc(all, func(l Layout) bool {
		return l.Name == "opening" && keys || strings.HasPrefix(l.Name, "keys of") && !keys
	}))
}

func uniqueLayouts(all []Layout) []Layout {
	var out []Layout
	for _, l := range all {
		if !slices.ContainsFunc(out, func(o Layout) bool { return o.Name == l.Name }) {
			out = append(out, l)
		}
	}
	return out
}

// only keeps the rows of a layout that are about one of the names.
func only(l Layout, names []string) Layout {
	var tables []page.Table
	for _, t := range l.Tables {
		rows := slices.DeleteFunc(slices.Clone(t.Rows), func(row []string) bool {
			return !slices.ContainsFunc(names, func(n string) bool {
				return slices.Contains(row, "`"+n+"`") || isFlag(n) && slices.Contains(row, n)
			})
		})
		if len(rows) > 0 {
			tables = append(tables, page.Table{Head: t.Head, Rows: rows})
		}
	}
	l.Tables = tables
	return l
}

// limits gives the rows of the limits that the sentence names.
func (s *subject) limits() [][]string {
	var rows [][]string
	for _, row := range blockTable("limits").Rows {
		if slices.ContainsFunc(s.quoted, func(n string) bool { return row[0] == "`"+n+"`" }) {
			rows = append(rows, row)
		}
	}
	return rows
}

// answers gives the rows of the error codes that the sentence names.
func (s *subject) answers() page.Table {
	t := blockTable("errors")
	out := page.Table{Head: t.Head}
	for _, row := range t.Rows {
		if slices.Contains(s.codes, row[1]) {
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}

// blockTable gives the first table of a generated block, an empty one where there is none.
func blockTable(name string) page.Table {
	if b, ok := page.BlockOf(name); ok && len(b.Tables) > 0 {
		return b.Tables[0]
	}
	return page.Table{}
}
