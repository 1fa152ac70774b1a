//go:build !race

package lax_test

const raceEnabled = false
