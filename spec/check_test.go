package spec_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handfast/spec"
	"handfast/spec/internal/outputs"
	"handfast/spec/internal/prose"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T) prose.Pages {
	t.Helper()
	pages, err := outputs.Read(root(t), spec.Registry())
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// TestPagesAndRequirementsAgree: every sentence with a keyword has one id and one keyword, and stands word for word in
// requirements.json; every row of it stands on its page.
func TestPagesAndRequirementsAgree(t *testing.T) {
	sentences, err := prose.Sentences(read(t), prose.Paths(spec.Registry()))
	if err != nil {
		t.Error(err)
	}
	if err := prose.Check(sentences, spec.Requirements()); err != nil {
		t.Errorf("%v\nIf the page is right: go run ./spec/gen -requirements", err)
	}
}

// TestRefreshWouldChangeNothing: the rows also stand in the order of the pages and in the form that the command writes.
func TestRefreshWouldChangeNothing(t *testing.T) {
	list, err := spec.ParseRequirements(spec.RequirementsJSON())
	if err != nil {
		t.Fatal(err)
	}
	file, err := outputs.Requirements(root(t), spec.Registry(), list)
	if err != nil {
		t.Fatal(err)
	}
	current(t, file, "go run ./spec/gen -requirements")
}

// TestGeneratedFilesAreCurrent generates again in memory. The block `exchange` is checked in spec/exchange, which needs
// the codec.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	tables, err := outputs.Tables(spec.Registry())
	if err != nil {
		t.Fatal(err)
	}
	files, err := outputs.Pages(root(t), spec.Registry(), spec.Requirements())
	if err != nil {
		t.Fatal(err)
	}
	described, err := outputs.Formats(spec.Registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(append(files, tables), described...) {
		current(t, f, "go generate ./...")
	}
}

func current(t *testing.T, f outputs.File, command string) {
	t.Helper()
	have, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(f.Path)))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(have, f.Content) {
		return
	}
	was, is := strings.Split(string(have), "\n"), strings.Split(string(f.Content), "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			t.Errorf("%s is old: run %s\nline %d is  %s\nshould be  %s", f.Path, command, i+1, was[i], is[i])
			return
		}
	}
	t.Errorf("%s is old: run %s", f.Path, command)
}

func TestCodesInPagesExist(t *testing.T) {
	for path, text := range read(t) {
		if err := prose.CheckCodes(path, text, spec.Registry()); err != nil {
			t.Error(err)
		}
	}
}

// TestIdsExist looks for ids in the pages, the registry and every Go file of the module: a comment or an error that cites
// a rule which does not exist sends its reader nowhere.
func TestIdsExist(t *testing.T) {
	check := func(path, text string) {
		if err := prose.CheckMentions(path, text, spec.Requirements()); err != nil {
			t.Error(err)
		}
	}
	for path, text := range read(t) {
		check(path, text)
	}
	check("spec/registry.json", string(spec.RegistryJSON()))
	dir := root(t)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != dir && (strings.HasPrefix(name, ".") || name == "testdata" || name == "vendor") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		check(filepath.ToSlash(relative), string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryActorIsARole(t *testing.T) {
	roles := map[string]bool{
		"peer": true, "dialer": true, "acceptor": true, "sender": true, "receiver": true, "caller": true, "callee": true,
		"initiator": true, "responder": true,
	}
	for _, r := range spec.Requirements() {
		if !roles[r.Role] {
			t.Errorf("%s: the role %q is not one of chapter 2", r.ID, r.Role)
		}
	}
}

// TestLinksLeadSomewhere follows the links of the pages, the index and the README.
func TestLinksLeadSomewhere(t *testing.T) {
	dir, pages := root(t), read(t)
	for _, name := range []string{"spec/INDEX.md", "spec/README.md"} {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		pages[name] = string(text)
	}
	anchors := map[string]map[string]bool{}
	for path, text := range pages {
		anchors[path] = prose.Anchors(text)
	}
	exists := func(path string) bool {
		_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(path)))
		return err == nil
	}
	for path, text := range pages {
		if err := prose.CheckLinks(path, text, anchors, exists); err != nil {
			t.Error(err)
		}
	}
}

// TestTablesAreWhole: every row of a table has a cell for each column, and none is empty. In a state table an empty cell is an event that
// nobody has thought of.
func TestTablesAreWhole(t *testing.T) {
	for path, text := range read(t) {
		columns := 0
		for i, line := range strings.Split(text, "\n") {
			if !strings.HasPrefix(line, "|") {
				columns = 0
				continue
			}
			cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "|"), `\|`, ""), "|")
			if columns == 0 {
				columns = len(cells)
			}
			if len(cells) != columns {
				t.Errorf("%s:%d: %d cells in a table of %d columns", path, i+1, len(cells), columns)
			}
			for n, cell := range cells {
				if strings.TrimSpace(cell) == "" {
					t.Errorf("%s:%d: cell %d is empty", path, i+1, n+1)
				}
			}
		}
	}
}
