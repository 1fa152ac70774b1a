package delivery

import (
	"slices"
	"sort"

	"handfast/codec"
)

// numbers is a set of numbers as ranges: ascending, with a gap between them. The zero value is empty.
type numbers []codec.Range

// add takes first to last in. It costs a search and a move of the ranges behind.
func (s numbers) add(first, last uint64) numbers {
	if n := len(s); n == 0 || s[n-1].Last < first { // nearly always
		if n > 0 && s[n-1].Last+1 == first {
			s[n-1].Last = last
			return s
		}
		return append(s, codec.Range{First: first, Last: last})
	}
	i := sort.Search(len(s), func(i int) bool { return s[i].Last >= first || first-s[i].Last == 1 }) // the first that first touches
	j := i
	for j < len(s) && (s[j].First <= last || s[j].First-last == 1) {
		first, last = min(first, s[j].First), max(last, s[j].Last)
		j++
	}
	return slices.Replace(s, i, j, codec.Range{First: first, Last: last})
}

// remove takes first to last out.
func (s numbers) remove(first, last uint64) numbers {
	if len(s) > 0 && s[0].First == first && last < s[0].Last { // nearly always
		s[0].First = last + 1
		return s
	}
	i := s.from(first)
	j, left := i, make(numbers, 0, 2)
	for ; j < len(s) && s[j].First <= last; j++ {
		if s[j].First < first {
			left = append(left, codec.Range{First: s[j].First, Last: first - 1})
		}
		if s[j].Last > last {
			left = append(left, codec.Range{First: last + 1, Last: s[j].Last})
		}
	}
	if i == j {
		return s
	}
	return slices.Replace(s, i, j, left...)
}

// from gives the index of the first range that ends at n or behind it.
func (s numbers) from(n uint64) int {
	return sort.Search(len(s), func(i int) bool { return s[i].Last >= n })
}

// at gives the range that n lies in.
func (s numbers) at(n uint64) (codec.Range, bool) {
	i := s.from(n)
	if i < len(s) && s[i].First <= n {
		return s[i], true
	}
	return codec.Range{}, false
}

// missing lists the parts of first to last that are not in the set.
func (s numbers) missing(first, last uint64) (parts []codec.Range) {
	i := s.from(first)
	for ; i < len(s) && s[i].First <= last; i++ {
		if s[i].First > first {
			parts = append(parts, codec.Range{First: first, Last: s[i].First - 1})
		}
		if s[i].Last >= last {
			return parts
		}
		first = s[i].Last + 1
	}
	return append(parts, codec.Range{First: first, Last: last})
}

// past gives the first number from n on that is not in the set.
func (s numbers) past(n uint64) uint64 {
	if r, ok := s.at(n); ok {
		return r.Last + 1
	}
	return n
}
