package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

const (
	// maxPhase is the longest warm-up or measured time of a point.
	maxPhase = 10 * time.Minute

	// setupTime is what a child may need beside warming up and measuring; a thousand gRPC connections take about 1 s
	// on a quiet machine.
	setupTime = 20 * time.Second

	// grace is how much longer than the child's own limit the parent waits before it kills.
	grace = 5 * time.Second
)

// order is what the parent tells a child.
type order struct {
	Point point         `json:"point"`
	Warm  time.Duration `json:"warm_ns"`
	Dur   time.Duration `json:"dur_ns"`
}

// answer is the last line on a child's stdout.
type answer struct {
	Figures figures `json:"figures,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// limit is how long a child lives at most.
func (o order) limit() time.Duration { return o.Warm + o.Dur + setupTime }

// childMain measures one point and prints the answer.
func childMain(spec string, stdout, stderr io.Writer) int {
	var o order
	if err := json.Unmarshal([]byte(spec), &o); err != nil {
		fmt.Fprintf(stderr, "bench: error: child's order: %v\n", err)
		return exitUsage
	}
	// A peer that hangs cannot be asked to stop, and the parent may be gone: the child ends itself, come what may.
	time.AfterFunc(o.limit(), func() {
		fmt.Fprintf(stderr, "bench: error: %s did not end within %v\n", o.Point, o.limit())
		os.Exit(exitUnmeasured)
	})
	var a answer
	f, err := measurePoint(o)
	if err != nil {
		a.Error = cmp.Or(err.Error(), "failed without a message")
	} else {
		a.Figures = f
	}
	if err := json.NewEncoder(stdout).Encode(a); err != nil {
		fmt.Fprintf(stderr, "bench: error: %v\n", err)
		return exitUnmeasured
	}
	return exitOK
}

// measurePoint finds the point's workload and peer, and runs it in this process.
func measurePoint(o order) (figures, error) {
	ws, all := workloads(), peers()
	w := slices.IndexFunc(ws, func(w workload) bool { return w.name == o.Point.Workload })
	p := slices.IndexFunc(all, func(p peer) bool { return p.name == o.Point.Impl })
	if w < 0 || p < 0 {
		return nil, fmt.Errorf("unknown point %s", o.Point)
	}
	return ws[w].run(newTrial(o.Point, o.Warm, o.Dur), all[p])
}

// runChild measures a point in a fresh process, which is this program started again.
func runChild(ctx context.Context, self string, o order) (figures, error) {
	spec, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.limit()+grace)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "--child", string(spec))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = grace

	busy0, total0, _ := machineTicks()
	runErr := cmd.Run()
	busy1, total1, ticks := machineTicks()

	if runErr != nil {
		return nil, fmt.Errorf("child: %w: %s", runErr, firstLine(stderr.Bytes()))
	}
	a, err := lastAnswer(stdout.Bytes())
	if err != nil {
		return nil, err
	}
	if ticks && total1 > total0 {
		own := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		a.Figures[figOthers] = 100 * max(0, busy1-busy0-own.Seconds()*userHZ) / (total1 - total0)
	}
	return a.Figures, nil
}

// lastAnswer reads the last line: a library might have printed before it.
func lastAnswer(out []byte) (answer, error) {
	var a answer
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &a); err != nil {
		return a, fmt.Errorf("child's answer: %w", err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	if len(a.Figures) == 0 {
		return a, errors.New("child found nothing")
	}
	return a, nil
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	return line
}
