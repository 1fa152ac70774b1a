// Package conformance judges any peer from the outside, and gives a verdict for each case. An acceptor it dials; a dialer it has driven, by
// a program that speaks the protocol of DRIVER.md, and takes its connections:
//
//	run, err := conformance.Run(ctx, conformance.Config{Target: conformance.Target{Addr: "127.0.0.1:7000"}})
//	run, err := conformance.Run(ctx, conformance.Config{Target: conformance.Target{Driver: start, Name: "my dialer"}})
//	err = run.WriteJSON(os.Stdout)
//
// A case is a short script over a Conn, and says in which roles it judges a peer. Most are the same in both: scenes (scene.go) bring a link
// into a state by a call of the suite's, or by one that the driver is asked to make. Everything that the peer sends on any link of any case
// goes past the passive judge of package wire, so that each case also looks for faults that it was not written for; and everything that the suite
// sends goes past the same judge, so that a peer is never judged by an accident of the suite's own.
//
// A case that expects a rejection is written as a Rejection: twin, fault, wanted answer. The runner plays the twin first, which
// differs in the fault alone and has to be accepted, then the fault, then a probe that the peer is still alive. A peer that
// refuses everything passes none of them.
//
// The package speaks through codec and knows nothing of refimpl: the judge does not share the defendant's mistakes. It judges nothing that
// leaves no trace on the wire.
package conformance
