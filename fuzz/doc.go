// Package fuzz breaks parsers of Handfast in any language. It makes inputs by the grammar of the registry and by mutation of what was new before, asks the
// parser through its codec driver (conformance/DRIVER.md), and compares each answer with that of package codec: verdict, code and scope, decoded
// form, bytes consumed, the same in pieces, time and memory.
//
//	report, err := fuzz.Run(ctx, fuzz.Config{Command: driver.Command{Args: []string{"./my-driver"}}, Time: time.Minute})
//	err = report.WriteText(os.Stdout)
//
// What differs is grouped by cause, minimised, and written as vectors of the form of testdata. Everything that a parser says is foreign, and is bounded by package
// driver. Nothing here uses the reference peer.
package fuzz
