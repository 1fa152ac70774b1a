//go:build race

package mutant

// pace is that of the race detector, under which time is no measure.
const pace = 4
