// Package faulty makes the disk of a process fail, for tests of what a peer does then.
package faulty

import (
	"errors"
	"os/signal"
	"runtime"
	"syscall"
	"unsafe"
)

// ErrUnsupported says that the filter of system calls is not written for this machine.
var ErrUnsupported = errors.New("faulty: not written for this system")

// CanFailSyncs tells whether FailSyncs works here.
const CanFailSyncs = runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"

// FailSyncs has fsync and fdatasync answer EIO in all threads of the process, for ever, by a filter of system calls.
func FailSyncs() error {
	if !CanFailSyncs {
		return ErrUnsupported
	}
	const (
		setNoNewPrivs  = 38
		setModeFilter  = 1
		allThreads     = 1
		answer, allow  = 0x00050000, 0x7fff0000
		load, equal    = 0x20, 0x15
		giveBack       = 0x06
		seccompNumberX = 317 // amd64
		seccompNumberA = 277 // arm64
	)
	type instruction struct {
		code   uint16
		jt, jf uint8
		k      uint32
	}
	program := []instruction{
		{load, 0, 0, 0}, // the number of the call
		{equal, 1, 0, uint32(syscall.SYS_FSYNC)},
		{equal, 0, 1, uint32(syscall.SYS_FDATASYNC)},
		{giveBack, 0, 0, answer | uint32(syscall.EIO)},
		{giveBack, 0, 0, allow},
	}
	filter := struct {
		n    uint16
		code *instruction
	}{uint16(len(program)), &program[0]}
	runtime.LockOSThread()
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, setNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		return e
	}
	number := uintptr(seccompNumberX)
	if runtime.GOARCH == "arm64" {
		number = seccompNumberA
	}
	if _, _, e := syscall.RawSyscall(number, setModeFilter, allThreads, uintptr(unsafe.Pointer(&filter))); e != 0 {
		return e
	}
	runtime.KeepAlive(program)
	return nil
}

// BearFullDisk makes a write beyond LimitFiles an error of the write, and not the end of the process.
func BearFullDisk() { signal.Ignore(syscall.SIGXFSZ) }

// LimitFiles bounds the size of every file that a process writes, in bytes, as a full disk does. The process has to bear it.
func LimitFiles(pid int, bytes uint64) error {
	limit := syscall.Rlimit{Cur: bytes, Max: 1 << 50}
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); e != 0 {
		return e
	}
	return nil
}
