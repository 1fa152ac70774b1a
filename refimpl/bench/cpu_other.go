//go:build !unix

package main

import "time"

// cpuTime is not known here; the rows then have no CPU figures.
func cpuTime() time.Duration { return 0 }
