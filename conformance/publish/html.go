package publish

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
)

// Bounds of the page. They keep it at some megabytes, whatever the reports hold.
const (
	maxRuns    = 24    // columns
	maxEntries = 48    // of the trace of one case in one run
	maxFields  = 24000 // fields of annotated bytes on the whole page
	maxText    = 2000  // characters of one text of a report
)

//go:embed page/page.html
var pageHTML string

//go:embed page/page.css
var pageCSS string

//go:embed page/page.js
var pageJS string

// pageTemplate is parsed once; the files are part of the program.
var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// TooManyRunsError says that a page would have more columns than anybody can read.
type TooManyRunsError struct{ Runs int }

// Error gives the number and the bound.
func (e *TooManyRunsError) Error() string {
	return fmt.Sprintf("a page shows 1 to %d reports, not %d", maxRuns, e.Runs)
}

// HTML writes one page that needs nothing else: a matrix with a column for each run and a row for each case, and behind each cell what
// happened. It loads nothing and runs no script but its own, which its content security policy names by hash. Without scripts it
// shows the same, one case below the other. The error is a *TooManyRunsError, or the writer's.
func HTML(w io.Writer, runs ...Run) error {
	if len(runs) == 0 || len(runs) > maxRuns {
		return &TooManyRunsError{len(runs)}
	}
	v := newView(runs)
	v.CSS, v.JS = template.CSS(pageCSS), template.JS(pageJS) //nolint:gosec // files of this package
	v.Policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", hashSource(pageCSS), hashSource(pageJS))
	return pageTemplate.Execute(w, v)
}

// hashSource names an inline text in a content security policy.
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
