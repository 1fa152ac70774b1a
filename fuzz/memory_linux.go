package fuzz

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// use is the memory of a process, in bytes.
type use struct{ peak, resident uint64 }

// readMemory reads what the system says about a process. It is not ok where the process has ended.
func readMemory(pid int) (u use, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return use{}, false
	}
	u.peak, u.resident = kib(b, "VmPeak:"), kib(b, "VmRSS:")
	return u, u.peak > 0
}

func kib(b []byte, name string) uint64 {
	_, rest, ok := bytes.Cut(b, []byte(name))
	if !ok {
		return 0
	}
	fields := bytes.Fields(rest[:min(len(rest), 32)])
	if len(fields) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
