// Package handfast holds the pages of the specification, so that a binary can quote the text that it judges by. It holds nothing
// else: embedding does not reach into a folder above, and SPEC.md stands here. Package spec/page reads them.
package handfast

import "embed"

//go:embed SPEC.md spec/*.md conformance/DRIVER.md
var pages embed.FS

// Page returns the text of a page by its path from the root of the repository: "SPEC.md", "spec/call.md". ok is false for one
// that is not there.
func Page(path string) (text string, ok bool) {
	b, err := pages.ReadFile(path)
	return string(b), err == nil
}
