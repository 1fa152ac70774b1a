// Package guide is for the author of a peer: it explains anything that the suite names, says what to implement next, and writes the driver
// to begin with.
//
//	lib, err := guide.NewLibrary(conformance.Cases(), guide.As(guide.RoleAcceptor, mutants))
//	e, err := lib.Explain(ctx, "HELLO-007")
//	err = e.WriteText(os.Stdout)
//
// Everything is quoted: from the pages (package spec/page), the registry, the vectors and the cases. It gives no verdicts; next asks those
// who do.
package guide
