package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handfast/spec"
	"handfast/spec/internal/outputs"
)

// copyTree makes a root with the files that gen reads, and goes there.
func copyTree(t *testing.T) (dir string) {
	t.Helper()
	from, err := outputs.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, folder := range []string{"codec", "spec"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := []string{"go.mod", "SPEC.md", "spec/delivery.md", "spec/objects.md", "spec/cells.md", "spec/access.md", "spec/fast.md"}
	for _, p := range spec.Registry().Protos {
		files = append(files, "spec/"+p.Page)
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

func gen(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, bad strings.Builder
	code = run(args, &out, &bad)
	return code, out.String(), bad.String()
}

func TestGenerate(t *testing.T) {
	dir := copyTree(t)
	t.Chdir(filepath.Join(dir, "spec")) // where go generate starts it
	code, out, bad := gen(t)
	if code != 0 || !strings.Contains(out, "wrote codec/zz_registry.go") || !strings.Contains(out, "wrote spec/INDEX.md") {
		t.Fatalf("exit %d, %q, %q", code, out, bad)
	}
	if code, out, _ := gen(t); code != 0 || out != "" {
		t.Errorf("a second run: exit %d, wrote %q", code, out)
	}
}

func TestRefreshTakesTheSentence(t *testing.T) {
	dir := copyTree(t)
	page := filepath.Join(dir, "SPEC.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), "A receiver MUST ignore the value of", "A receiver MUST ignore all of", 1)
	if err := os.WriteFile(page, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, bad := gen(t, "-requirements"); code != 0 || !strings.Contains(out, "wrote spec/requirements.json") {
		t.Fatalf("exit %d, %q, %q", code, out, bad)
	}
	for _, name := range []string{"requirements.json", "INDEX.md"} {
		got, err := os.ReadFile(filepath.Join(dir, "spec", name))
		if err != nil || !strings.Contains(string(got), "A receiver MUST ignore all of `flags`") {
			t.Errorf("%s has not the new sentence (%v)", name, err)
		}
	}
}

func TestFaultsAreTold(t *testing.T) {
	dir := copyTree(t)
	if err := os.WriteFile(filepath.Join(dir, "SPEC.md"), []byte("<!-- gen:colours -->\n<!-- end -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, bad := gen(t); code != 1 || !strings.Contains(bad, "SPEC.md:1: no block gen:colours") {
		t.Errorf("exit %d, %q", code, bad)
	}
	if _, err := os.Stat(filepath.Join(dir, outputs.Go)); err != nil {
		t.Errorf("a broken page kept the codec's tables from being written: %v", err)
	}
	if code, _, bad := gen(t, "-requirements"); code != 1 || !strings.Contains(bad, "an id is never dropped") {
		t.Errorf("exit %d, %q", code, bad)
	}
	if code, _, _ := gen(t, "-colour"); code != 2 {
		t.Errorf("an unknown flag: exit %d", code)
	}
	t.Chdir(t.TempDir())
	if code, _, bad := gen(t); code != 1 || !strings.Contains(bad, "no go.mod") {
		t.Errorf("outside: exit %d, %q", code, bad)
	}
}
