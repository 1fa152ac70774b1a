package fuzz

import (
	stdcontext "context"
	"time"

	"handfast/testdata"
)

// Replay asks a driver about the vectors of a file that a run has written, and gives a report of those that still differ.
func Replay(ctx stdcontext.Context, config Config, file *testdata.File) (*Report, error) {
	config = config.withDefaults()
	config.Runs, config.Time = int64(len(file.Vectors)), 0
	e, err := newEngine(config)
	if err != nil {
		return nil, err
	}
	if err := e.preflight(ctx); err != nil {
		return nil, err
	}
	e.started = time.Now()
	w := e.newWorker(0)
	defer w.target.close()
	for i := range file.Vectors {
		v := &file.Vectors[i]
		in := input{context: contextOf(v), b: v.Bytes()}
		right := want(&in)
		for _, cuts := range [][]int{nil, every(len(in.b))} {
			if in.cuts = cuts; cuts != nil && !w.cutsOK {
				continue
			}
			got, err := w.target.alone(ctx, in)
			if err != nil {
				return nil, err
			}
			if d := compare(&in, right, &got); d != nil {
				f := w.finding(&in, d)
				if e.claim(d.key(in.context)) {
					f.ID = v.ID
					e.settle(d.key(in.context), f)
				}
				break
			}
		}
	}
	w.tell()
	return e.result(), nil
}

// every cuts an input of n bytes into single bytes.
func every(n int) []int {
	var list []int
	for at := 1; at < n; at++ {
		list = append(list, at)
	}
	return list
}
