// Package mutant is the peer by which the suite is proven: a small acceptor of the profiles core, delivery and sync, and a small dialer, that keep every
// rule, and that break exactly one when they are started under the name of a bug.
//
//	p, err := mutant.Start(ctx, "")                                  // the healthy acceptor, which passes every case
//	p, err := mutant.Start(ctx, "takes-wrong-header-checksum")       // breaks FRAME-001, and nothing else
//	p, err := mutant.StartDialer(ctx, "waits-for-the-acceptor-to-speak")
//	report, err := conformance.Kills(ctx, conformance.KillConfig{Mutants: mutant.Mutants(), Start: mutant.Start})
//	report, err := conformance.Kills(ctx, conformance.KillConfig{Mutants: mutant.DialerMutants(), Start: mutant.StartDialer, Dialers: true})
//
// It is the second implementation of SPEC.md in this repository: it is made of package codec and blocking code, and shares nothing
// with refimpl. Its objects lie in memory. Each link has a goroutine that reads, one that writes and one that watches the time; each call
// and each session of sync has one of its own. One mutex guards a link. Nothing here is fast, and nothing has to be.
//
// A bug is a name, the requirement that it breaks and one sentence (bugs*.go), and one `if has("name")` at the place where the healthy
// peer obeys. Its timers are as short as the specification allows, so that a case that waits for one waits for milliseconds.
package mutant
