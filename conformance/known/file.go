package known

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"handfast/conformance"
)

// File is conformance.known: one failure in each line,
//
//	id or glob | signature prefix | until=2027-01-31 | issue URL | reason
//
// The second column is the beginning of the result's Signature. Date and URL may be empty. In front of the id may stand "flaky:",
// for a case that passes at times, and the mode for which the line is meant, "client:" for example; a line without one is meant for every
// mode. Empty lines, and lines that begin with #, are comments.
type File struct {
	Path  string
	Lines []Line
}

// Line is one line of the file.
type Line struct {
	Text  string // without its end
	Entry *Entry // nil for a comment
}

// Entry is one line that lists something.
type Entry struct {
	Line    int // from 1
	Flaky   bool
	Mode    string // one of conformance.Modes(); "" is every mode
	Pattern string // an id of a case, or a glob over ids
	Prefix  string
	Until   time.Time // the last day on which it holds, at midnight UTC; zero for no end
	Issue   string
	Reason  string
}

// Todo is the reason of an entry for which nobody has written one yet.
const Todo = "TODO"

// columns of an entry
const columns = 5

// Entries gives the entries in the order of their lines.
func (f *File) Entries() []*Entry {
	var list []*Entry
	if f == nil {
		return nil
	}
	for _, l := range f.Lines {
		if l.Entry != nil {
			list = append(list, l.Entry)
		}
	}
	return list
}

// LoadKnown reads the list. The error is a *FileError.
func LoadKnown(path string) (*File, error) {
	b, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	return ParseKnown(path, b)
}

// ParseKnown reads the list. The error is a *FileError with the line of the first fault.
func ParseKnown(name string, b []byte) (*File, error) {
	f := &File{Path: name}
	text := strings.TrimSuffix(string(b), "\n")
	if text == "" {
		return f, nil
	}
	for i, raw := range strings.Split(text, "\n") {
		line := Line{Text: strings.TrimSuffix(raw, "\r")}
		if trimmed := strings.TrimSpace(line.Text); trimmed != "" && trimmed[0] != '#' {
			entry, err := parseEntry(trimmed)
			if err != nil {
				return nil, &FileError{File: name, Line: i + 1, Text: err.Error()}
			}
			entry.Line = i + 1
			line.Entry = entry
		}
		f.Lines = append(f.Lines, line)
	}
	return f, nil
}

// parseEntry reads the columns.
func parseEntry(line string) (*Entry, error) {
	parts := strings.SplitN(line, "|", columns)
	if len(parts) != columns {
		return nil, fmt.Errorf("%d columns; it takes %d: id or glob | signature prefix | until=2027-01-31 | issue URL | reason", len(parts), columns)
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	e := &Entry{Pattern: parts[0], Prefix: parts[1], Issue: parts[3], Reason: parts[4]}
	e.Pattern, e.Flaky = strings.CutPrefix(e.Pattern, "flaky:")
	for _, mode := range conformance.Modes() {
		if rest, ok := strings.CutPrefix(e.Pattern, mode+":"); ok {
			e.Pattern, e.Mode = rest, mode
			break
		}
	}
	if until := parts[2]; until != "" {
		day, ok := strings.CutPrefix(until, "until=")
		var err error
		if e.Until, err = time.Parse(time.DateOnly, day); err != nil || !ok {
			return nil, fmt.Errorf("%q is no date like until=2027-01-31", until)
		}
	}
	return e, e.check()
}

// check looks at the columns by themselves.
func (e *Entry) check() error {
	if _, err := path.Match(e.Pattern, ""); err != nil || !strings.Contains(e.Pattern, "/") {
		return fmt.Errorf("%q is neither the id of a case (frame/header-checksum-wrong) nor a glob over ids (frame/*)", e.Pattern)
	}
	verdict, _, _ := strings.Cut(e.Prefix, ":")
	if !slices.Contains([]string{"fail", "weak", "crash", "timeout"}, verdict) {
		return fmt.Errorf("signature prefix %q begins with none of fail, weak, crash and timeout", e.Prefix)
	}
	if e.Issue != "" && !strings.HasPrefix(e.Issue, "https://") && !strings.HasPrefix(e.Issue, "http://") {
		return fmt.Errorf("%q is no URL of an issue", e.Issue)
	}
	if e.Reason == "" {
		return fmt.Errorf("no reason; %s will do until there is one", Todo)
	}
	return nil
}

// glob reports whether the entry may mean several cases.
func (e *Entry) glob() bool { return strings.ContainsAny(e.Pattern, `*?[\`) }

// matches reports whether the entry means a case of a mode.
func (e *Entry) matches(id, mode string) bool {
	ok, err := path.Match(e.Pattern, id)
	return ok && err == nil && e.in(mode)
}

// in reports whether the entry is meant for a mode.
func (e *Entry) in(mode string) bool { return e.Mode == "" || e.Mode == mode }

// expired reports whether the entry's last day is over.
func (e *Entry) expired(now time.Time) bool {
	return !e.Until.IsZero() && !now.UTC().Before(e.Until.AddDate(0, 0, 1))
}

// String gives the entry as a line.
func (e *Entry) String() string {
	id := e.Pattern
	if e.Mode != "" {
		id = e.Mode + ":" + id
	}
	if e.Flaky {
		id = "flaky:" + id
	}
	until := ""
	if !e.Until.IsZero() {
		until = "until=" + e.Until.Format(time.DateOnly)
	}
	line := id
	for _, column := range []string{e.Prefix, until, e.Issue, e.Reason} {
		line += " |"
		if column != "" {
			line += " " + column
		}
	}
	return line
}
