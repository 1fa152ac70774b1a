package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progressTo returns what shows the progress on one line of w. It shows nothing when w is not a terminal or the user
// wants it quiet: a log would be filled with carriage returns.
func progressTo(w io.Writer, quiet bool) func(done, total int, p point) {
	if quiet || !isTerminal(w) {
		return func(int, int, point) {}
	}
	start := time.Now()
	return func(done, total int, p point) {
		const wipe = "\r\x1b[K"
		switch {
		case done == total:
			fmt.Fprint(w, wipe)
		case done == 0:
			fmt.Fprintf(w, wipe+"run 1/%d %s", total, p)
		default:
			left := time.Since(start) / time.Duration(done) * time.Duration(total-done)
			fmt.Fprintf(w, wipe+"run %d/%d %s, %v left", done+1, total, p, left.Round(time.Second))
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
