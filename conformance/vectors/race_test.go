//go:build race

package vectors

// raceEnabled: the race detector makes each request ten times dearer.
const raceEnabled = true
