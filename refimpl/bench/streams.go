package main

// runStreams fills t.Concurrency streams of one link at once. The rate is their sum; fairness is what the slowest
// received over what the fastest received. A stream that is starved makes fairness 0, which is a result and no error.
func runStreams(t *trial, p peer) (figures, error) {
	l, err := p.dial()
	if err != nil {
		return nil, err
	}
	pipes := make([]pipe, t.Concurrency)
	for i := range pipes {
		if pipes[i], err = l.open(t.Size); err != nil {
			return nil, err
		}
	}
	got := make([]counter, len(pipes))
	msg := payload(t.Size)
	for i, s := range pipes {
		go t.drain(s, &got[i])
		go t.pump(s, msg)
	}
	if err := t.wait(t.warm); err != nil {
		return nil, err
	}
	before := readAll(got)
	f, err := t.window(func() int64 { return sum(readAll(got)) })
	if err != nil {
		return nil, err
	}
	if len(got) > 1 {
		f[figFairness] = fairness(before, readAll(got))
	}
	return f, nil
}

func readAll(cs []counter) []int64 {
	ns := make([]int64, len(cs))
	for i := range cs {
		ns[i] = cs[i].n.Load()
	}
	return ns
}

func sum(ns []int64) (total int64) {
	for _, n := range ns {
		total += n
	}
	return total
}

// fairness is the smallest growth over the largest, 0 if nothing grew.
func fairness(before, after []int64) float64 {
	least, most := after[0]-before[0], after[0]-before[0]
	for i := range after {
		least = min(least, after[i]-before[i])
		most = max(most, after[i]-before[i])
	}
	if most == 0 {
		return 0
	}
	return float64(least) / float64(most)
}
