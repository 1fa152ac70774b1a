// Package nearest finds what somebody meant who typed a name that does not exist.
package nearest

import (
	"slices"
	"strings"
)

// Names gives up to n of the names, those with the smallest edit distance to what was typed first, whatever the case of
// its letters. Names that are equally near keep their order. It takes time in proportion to the product of the lengths.
func Names(names []string, typed string, n int) []string {
	typed = strings.ToLower(typed)
	distances := make(map[string]int, len(names))
	for _, name := range names {
		distances[name] = distance(strings.ToLower(name), typed)
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return distances[a] - distances[b] })
	return sorted[:min(n, len(sorted))]
}

// distance is the number of single-character edits that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
