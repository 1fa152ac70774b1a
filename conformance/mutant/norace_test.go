//go:build !race

package mutant

const slow = false
