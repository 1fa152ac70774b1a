// Package explain says what bytes mean: every field of openings, frames, MessagePack bodies and messages of a call, with its
// offset, its value, the registry's word for it and the requirements that govern it. The first fault of each packet is marked
// where it stands, with the error that a receiver would answer.
//
//	e := explain.Explain(b, explain.Options{})
//	for i := range e.Packets {
//		e.Packets[i].WriteText(os.Stdout)
//	}
//	if e.Fault != nil {
//		fmt.Println(e.Fault.Req, e.Fault.Offset)
//	}
//
// What is a fault is decided by package codec and in the order of chapter 14 of SPEC.md; this package adds what one direction of a
// link alone can prove (READY first, ids of streams, DATA after FIN, messages of a call). The walk itself is lenient: it goes on
// behind a fault for as long as the bytes can be told apart.
//
// It does not compare the two directions of a link: credit, limits, agreement and hashes are for the suite.
package explain
