// Package vectors judges parsers in any language by the vectors of testdata, through the driver protocol of conformance/DRIVER.md.
//
//	set, err := vectors.Load()
//	report, err := set.Run(ctx, vectors.Config{Command: driver.Command{Args: []string{"./my-driver"}}})
//	err = report.WriteConsole(os.Stdout, options)
//
// One vector is one case. Each input is parsed whole, in pieces, and, where it is to be accepted, without its end; what it says is compared, and
// written again. A refusal counts only beside its twin, which differs in the fault alone and has to be accepted: a parser that refuses everything
// passes no case of that kind.
//
// What is right is what the vectors say. The package knows no parser.
package vectors
