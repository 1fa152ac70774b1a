//go:build !unix

package driver

import (
	"os"
	"os/exec"
)

// There are no process groups: the process ends alone.

func ownGroup(*exec.Cmd) {}

func killGroup(p *os.Process) { _ = p.Kill() }

func terminateGroup(p *os.Process) { _ = p.Kill() }

func signalOf(*os.ProcessState) string { return "" }
