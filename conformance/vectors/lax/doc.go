// Package lax holds parsers that keep every rule but one: the codec mutants. Package vectors is judged by whether it notices each.
//
//	lab, err := lax.New()
//	for _, m := range lab.Mutants() {
//		program, ok := lab.Program(m.Name)
//		p := driver.Pipe(program)
//	}
//
// A bug is a change to what goref answers. Those that follow from the vectors are made from them: each requirement that some vector sees broken has
// parsers that overlook it, and that answer it in other words; each member of a value has a parser that gets it wrong. The others are written by hand, each
// after a mistake that people make.
package lax
