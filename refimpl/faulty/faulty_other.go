//go:build !linux

// Package faulty makes the disk of a process fail, for tests of what a peer does then.
package faulty

import "errors"

// ErrUnsupported says that the filter of system calls is not written for this machine.
var ErrUnsupported = errors.New("faulty: not written for this system")

// CanFailSyncs tells whether FailSyncs works here.
const CanFailSyncs = false

// FailSyncs works on Linux alone.
func FailSyncs() error { return ErrUnsupported }

// BearFullDisk works on Linux alone.
func BearFullDisk() {}

// LimitFiles works on Linux alone.
func LimitFiles(int, uint64) error { return ErrUnsupported }
