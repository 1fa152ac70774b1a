package mutant

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"handfast/conformance"
	"handfast/spec"
)

func TestMutantsAreWellFormed(t *testing.T) {
	wellFormed(t, Mutants())
	wellFormed(t, DialerMutants())
}

func wellFormed(t *testing.T, mutants []conformance.Mutant) {
	t.Helper()
	seen := make(map[string]bool)
	words := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	for _, m := range mutants {
		if seen[m.Name] {
			t.Errorf("%s occurs twice", m.Name)
		}
		seen[m.Name] = true
		if !words.MatchString(m.Name) {
			t.Errorf("%q is not words-with-hyphens", m.Name)
		}
		if rule, ok := spec.Requirement(m.Req); !ok || rule.Testable != "wire" {
			t.Errorf("%s breaks %s, which is no requirement that can be seen on the wire", m.Name, m.Req)
		}
		if !strings.HasPrefix(m.Doc, "It ") || !strings.HasSuffix(m.Doc, ".") {
			t.Errorf("%s: %q is not a sentence about it", m.Name, m.Doc)
		}
	}
}

// TestEveryWireRequirementHasAMutant is the gate of the path that every change takes: a MUST that can be seen on the wire has a mutant.
func TestEveryWireRequirementHasAMutant(t *testing.T) {
	for _, profile := range conformance.MutatedProfiles() {
		for _, row := range conformance.Coverage(nil, slices.Concat(Mutants(), DialerMutants()), profile) {
			if len(row.Mutants) == 0 {
				t.Errorf("no mutant breaks %s", row.Req)
			}
		}
	}
}

// TestEveryRuleOfDialersHasAMutant is stricter: what binds dialers alone has a mutant that dials.
func TestEveryRuleOfDialersHasAMutant(t *testing.T) {
	for _, row := range conformance.Coverage(nil, DialerMutants(), conformance.DefaultProfile) {
		rule, _ := spec.Requirement(row.Req)
		if (rule.Role == "dialer" || rule.Role == "caller") && len(row.Mutants) == 0 {
			t.Errorf("no dialer breaks %s", row.Req)
		}
	}
}

// TestBugsAndSitesBelongTogether finds names that were mistyped: a site without a bug never does anything, and neither does a bug without
// a site.
func TestBugsAndSitesBelongTogether(t *testing.T) {
	names := make(map[string]bool)
	for _, m := range slices.Concat(Mutants(), DialerMutants()) {
		names[m.Name] = true
	}
	count := make(map[string]int)
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if name, ok := site(call); ok && !names[name] {
					t.Errorf("has(%q), and no such bug", name)
				}
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					count[text]++
				}
			}
			return true
		})
	}
	for _, l := range slices.Concat(headerLeniencies(), keyLeniencies(), listLeniencies(), msgpackLeniencies()) {
		delete(names, l.Name) // it carries what it does
	}
	for _, l := range syncLeniencies() {
		delete(names, l.Name)
	}
	for _, l := range readyLeniencies() {
		delete(names, l.Name)
	}
	for _, l := range channelLeniencies() {
		delete(names, l.name)
	}
	outOfPlace := regexp.MustCompile("^ignores-(records|gap|ack)-")
	for name := range names {
		if count[name] == 1 { // in the table alone; names that are put together stand nowhere
			if !strings.HasPrefix(name, "serves-no-") && !strings.HasPrefix(name, "bears-idle-") && !strings.HasSuffix(name, "-of-unopened-streams") && !outOfPlace.MatchString(name) &&
				!strings.HasSuffix(name, anotherCode) && !strings.HasSuffix(name, withoutReason) {
				t.Errorf("the bug %q has no site", name)
			}
		}
	}
}

// site gives the name in has("name").
func site(call *ast.CallExpr) (string, bool) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != "has" || len(call.Args) != 1 {
		return "", false
	}
	if _, ok := f.X.(*ast.Ident); !ok {
		if _, ok := f.X.(*ast.SelectorExpr); !ok {
			return "", false
		}
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	name, err := strconv.Unquote(lit.Value)
	return name, err == nil && strings.Contains(name, "-") // argsMap has a method of the same name
}

func sources(t *testing.T) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
