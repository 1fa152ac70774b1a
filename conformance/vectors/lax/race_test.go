//go:build race

package lax_test

// raceEnabled: the race detector makes each request ten times dearer.
const raceEnabled = true
