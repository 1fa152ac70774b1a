// Package repair carries out what realtime owes: where records were lost, it runs sessions of sync with the same peer, over the link that is there,
// and says to realtime when they were whole (spec/realtime.md, REAL-040 and REAL-041).
//
//	p, err := repair.New(repair.Config{Realtime: rt, Sync: manager, Namespaces: names})
//	go p.Run(ctx)
//
// What is owed stands in the files of realtime, so that it is carried out by the next process where this one ends before.
package repair
