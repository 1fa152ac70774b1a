//go:build race

package mutant

// slow says that the race detector is on, under which the whole matrix takes a minute.
const slow = true
