package main

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
)

// writeCalls is how many write system calls this process has made. It reads the kernel's count, and not that of a
// net.Conn wrapped around the socket, because a wrapper would take vectored writes away from the peer that it counts.
// ok is false where there is no /proc.
func writeCalls() (n int64, ok bool) {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(b) {
		if v, found := bytes.CutPrefix(bytes.TrimSpace(line), []byte("syscw: ")); found {
			n, err := strconv.ParseInt(string(v), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// userHZ is the length of the kernel's ticks in /proc: 100 to the second on every Linux, whatever its own clock does.
const userHZ = 100

// machineTicks is how long the machine's processors were busy (stolen time included) and how long they were there at
// all, in the kernel's ticks. ok is false where there is no /proc.
func machineTicks() (busy, total float64, ok bool) {
	f, err := os.Open("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadBytes('\n')
	if err != nil {
		return 0, 0, false
	}
	// cpu user nice system idle iowait irq softirq steal; what follows is counted in user already.
	const idle, iowait, fields = 3, 4, 8
	cols := bytes.Fields(line)
	if len(cols) <= fields {
		return 0, 0, false
	}
	for i, col := range cols[1 : 1+fields] {
		v, err := strconv.ParseFloat(string(col), 64)
		if err != nil {
			return 0, 0, false
		}
		total += v
		if i != idle && i != iowait {
			busy += v
		}
	}
	return busy, total, true
}
