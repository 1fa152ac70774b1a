package main

import "slices"

// summary is what the runs of one point amount to.
type summary struct {
	point
	unit    string
	runs    int     // that found something
	figures figures // medians over the runs; the ratios are medians of each round's ratio
}

// ratio says which figure is divided by which reference's, and what the quotient is called.
type ratio struct{ name, of, to string }

func ratios() []ratio {
	return []ratio{
		{figRatio, figRate, implRaw},
		{figRatioCPU, figCPU, implRaw},
		{figRatioP50, figP50, implRaw},
		{figRatioGRPC, figRate, implGRPC},
		{figRatioNATS, figRate, implNATS},
	}
}

// summarize makes one summary for each point of the plan that was measured at least once, in the plan's order.
func summarize(groups []group, results []result) []summary {
	var sums []summary
	for gi, g := range groups {
		var mine []result // successful runs of this group
		for _, r := range results {
			if r.group == gi && r.err == nil {
				mine = append(mine, r)
			}
		}
		for _, p := range g.points {
			runs := slices.DeleteFunc(slices.Clone(mine), func(r result) bool { return r.point != p })
			if len(runs) == 0 {
				continue
			}
			s := summary{point: p, unit: g.workload.unit, runs: len(runs), figures: medians(runs)}
			for _, q := range ratios() {
				if ref, ok := g.reference(q.to); ok {
					s.addRatio(q, runs, byRound(mine, ref, q.of))
				}
			}
			sums = append(sums, s)
		}
	}
	return sums
}

// addRatio sets the median, over rounds, of the point's figure divided by the reference's in the same round.
func (s *summary) addRatio(q ratio, runs []result, ref map[int]float64) {
	var xs []float64
	for round, v := range byRound(runs, s.point, q.of) {
		if base := ref[round]; base > 0 {
			xs = append(xs, v/base)
		}
	}
	if len(xs) > 0 {
		s.figures[q.name] = median(xs)
	}
}

// byRound is the mean of a figure over a point's runs in each round. Only raw has two.
func byRound(rs []result, p point, figure string) map[int]float64 {
	total, n := map[int]float64{}, map[int]float64{}
	for _, r := range rs {
		if v, ok := r.figures[figure]; ok && r.point == p {
			total[r.round] += v
			n[r.round]++
		}
	}
	for round := range total {
		total[round] /= n[round]
	}
	return total
}

// medians is the median of each figure over the runs that have it.
func medians(rs []result) figures {
	all := map[string][]float64{}
	for _, r := range rs {
		for name, v := range r.figures {
			all[name] = append(all[name], v)
		}
	}
	f := figures{}
	for name, xs := range all {
		f[name] = median(xs)
	}
	return f
}

// median is the middle of xs, or the mean of the two in the middle. xs is sorted by it and must not be empty.
func median(xs []float64) float64 {
	slices.Sort(xs)
	n := len(xs)
	if n%2 == 1 {
		return xs[n/2]
	}
	return (xs[n/2-1] + xs[n/2]) / 2
}
