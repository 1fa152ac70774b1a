// Package load measures a server of Fast from outside, as node-fast's fastbench does.
package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"handfast/compat/fast"
)

// Plan says what is measured.
type Plan struct {
	Addr        string
	Workload    string // sync, sleep150 or echo
	Concurrency int    // requests at once
	Connections int    // 0: one for each 10 requests at once
	Duration    time.Duration
	Requests    int // 0: Duration alone
	Client      fast.ClientConfig
}

// tens is the echo of fastbench: four arrays of ten numbers.
const tens = `[[0,1,2,3,4,5,6,7,8,9],[0,1,2,3,4,5,6,7,8,9],[0,1,2,3,4,5,6,7,8,9],[0,1,2,3,4,5,6,7,8,9]]`

// workloads are method and arguments by name.
var workloads = map[string][2]string{
	"sync":     {"fastbench", `[{"echo":` + tens + `}]`},
	"sleep150": {"fastbench", `[{"echo":` + tens + `,"delay":150}]`},
	"echo":     {"echo", `["lafayette"]`},
}

// Validate reports what is out of range.
func (p *Plan) Validate() error {
	if _, ok := workloads[p.Workload]; !ok {
		return fmt.Errorf("load: there is no workload %q, only sync, sleep150 and echo", p.Workload)
	}
	if p.Concurrency < 1 || p.Concurrency > 1<<16 || p.Connections < 0 || p.Connections > p.Concurrency || p.Requests < 0 || p.Duration <= 0 {
		return fmt.Errorf("load: at least 1 and at most 65,536 requests at once, no more connections than these, and some time")
	}
	return nil
}

// Result is what was measured.
type Result struct {
	Concurrency, Connections int
	Runtime                  time.Duration
	Completed, Errors        int
	PerSecond                float64
	P50, P99, Max            time.Duration
	First                    error `json:"-"` // of Errors
}

// MarshalJSON gives times in seconds and microseconds, with their units in the names.
func (r Result) MarshalJSON() ([]byte, error) {
	first := ""
	if r.First != nil {
		first = r.First.Error()
	}
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	return json.Marshal(map[string]any{
		"concurrency": r.Concurrency, "connections": r.Connections, "seconds": r.Runtime.Seconds(), "completed": r.Completed, "errors": r.Errors, "first_error": first,
		"per_second": r.PerSecond, "p50_us": us(r.P50), "p99_us": us(r.P99), "max_us": us(r.Max),
	})
}

// maxTimes is how many latencies one worker keeps.
const maxTimes = 1 << 20

// Run measures. The error says that nothing could be measured.
func Run(ctx context.Context, p Plan) (*Result, error) {
	if p.Connections == 0 {
		p.Connections = (p.Concurrency + 9) / 10
	}
	method, args := workloads[p.Workload][0], []byte(workloads[p.Workload][1])
	clients := make([]*fast.Client, p.Connections)
	for i := range clients {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", p.Addr)
		if err != nil {
			return nil, err
		}
		clients[i] = fast.NewClient(conn, p.Client)
		defer clients[i].Close()
	}
	if _, err := clients[0].Call(ctx, "date", []byte(`[]`)); err != nil { // is it one?
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex // guards r and times
		r     = &Result{Concurrency: p.Concurrency, Connections: p.Connections}
		times []time.Duration
		left  atomic.Int64
	)
	left.Store(int64(p.Requests))
	begun := time.Now()
	until := begun.Add(p.Duration)
	for i := range p.Concurrency {
		c := clients[i%len(clients)]
		wg.Go(func() {
			own := make([]time.Duration, 0, 1024)
			done, failed := 0, 0
			var first error
			for at := time.Now(); at.Before(until) && ctx.Err() == nil && (p.Requests == 0 || left.Add(-1) >= 0); {
				_, err := c.Call(context.Background(), method, args)
				now := time.Now()
				if err != nil {
					if failed++; first == nil {
						first = err
					}
					if c.Err() != nil {
						break
					}
				} else {
					done++
				}
				if len(own) < maxTimes {
					own = append(own, now.Sub(at))
				}
				at = now
			}
			mu.Lock()
			defer mu.Unlock()
			r.Completed += done
			r.Errors += failed
			if r.First == nil {
				r.First = first
			}
			times = append(times, own...)
		})
	}
	wg.Wait()
	r.Runtime = time.Since(begun)
	r.PerSecond = float64(r.Completed) / r.Runtime.Seconds()
	slices.Sort(times)
	if n := len(times); n > 0 {
		r.P50, r.P99, r.Max = times[n/2], times[min(n-1, n*99/100)], times[n-1]
	}
	return r, nil
}
