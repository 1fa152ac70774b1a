//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime is the user and system time of this process so far, zero if the system does not tell.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
