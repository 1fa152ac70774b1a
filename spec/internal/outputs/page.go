package outputs

import (
	"os"
	"path/filepath"
	"strings"
)

// Page reads a page of the specification, by its name in the folder spec.
func Page(name string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	b, err := os.ReadFile(filepath.Join(root, "spec", name))
	return string(b), err
}

// ExampleBytes gives the bytes of the block of text behind a sentence of a page, in hexadecimal: the first column, without spaces and "...".
func ExampleBytes(page, sentence string) string {
	_, rest, _ := strings.Cut(page, sentence+"\n\n```text\n")
	block, _, _ := strings.Cut(rest, "```")
	var got strings.Builder
	for line := range strings.Lines(block) {
		bytes, _, _ := strings.Cut(line, "   ")
		got.WriteString(strings.ReplaceAll(strings.TrimSuffix(strings.TrimSpace(bytes), "..."), " ", ""))
	}
	return got.String()
}

// Lacking gives those of the words that do not stand on the page as code.
func Lacking(page string, words ...string) (missing []string) {
	for _, w := range words {
		if !strings.Contains(page, "`"+w+"`") {
			missing = append(missing, w)
		}
	}
	return missing
}
