// Package conformance judges any peer from the outside. It dials the peer under test, plays the dialer of SPEC.md with its
// own driver, and gives a verdict for each case:
//
//	run, err := conformance.Run(ctx, conformance.Config{Target: conformance.Target{Addr: "127.0.0.1:7000"}})
//	err = run.WriteJSON(os.Stdout)
//
// A case is a short script over a Conn. Everything that the peer sends on any link of any case goes past the wire checker
// (checker.go), so that each case also looks for faults that it was not written for; and everything that the suite sends goes
// past the same checker, so that it never judges a peer by an accident of its own.
//
// A case that expects a rejection is written as a Rejection: twin, fault, wanted answer. The runner plays the twin first, which
// differs in the fault alone and has to be accepted, then the fault, then a probe that the peer is still alive. A peer that
// refuses everything passes none of them.
//
// The package speaks through codec and knows nothing of refimpl: the judge does not share the defendant's mistakes. It does not
// judge dialers yet, and nothing that leaves no trace on the wire.
package conformance
