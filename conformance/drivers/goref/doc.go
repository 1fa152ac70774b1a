// Package goref puts the reference peer under the control of the suite: a driver of the roles codec and dialer (conformance/DRIVER.md).
//
//	d, err := goref.New(goref.Config{Software: "handfast/0.1.0"})
//	err := driver.Serve(ctx, os.Stdin, os.Stdout, d.Program())
//
// It is the one place below conformance that may use refimpl: the judge speaks to it by lines and by the wire alone.
package goref
