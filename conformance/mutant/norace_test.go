//go:build !race

package mutant

const pace = 1
