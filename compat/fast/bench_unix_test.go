//go:build unix

package fast_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"handfast/compat/fast"
)

// BenchmarkEcho is one request with one value, over TCP on loopback and one connection.
func BenchmarkEcho(b *testing.B) {
	for _, at := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("c=%d", at), func(b *testing.B) {
			c := serve(b, fast.ServerConfig{}, nil).client(fast.ClientConfig{Dialect: fast.V2})
			args := []byte(`["lafayette"]`)
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			from := cpu(b)
			var wg sync.WaitGroup
			for range at {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := c.Call(context.Background(), "echo", args); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(cpu(b)-from)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu is the time that this process has used, in nanoseconds: what a busy machine does not change.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
