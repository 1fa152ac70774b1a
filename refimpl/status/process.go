package status

import (
	"runtime"
	"runtime/metrics"
)

// Process is what the process takes, so that a leak shows: links and streams that have ended leave neither goroutines nor memory.
type Process struct {
	Goroutines int    `json:"goroutines"`
	HeapBytes  uint64 `json:"heap_bytes"` // of objects, with those that the collector has not yet found to be unused
	StackBytes uint64 `json:"stack_bytes"`
}

// ProcessNow reads the figures of this process. It stops nobody.
func ProcessNow() Process {
	list := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(list)
	p := Process{Goroutines: runtime.NumGoroutine()}
	for i, to := range []*uint64{&p.HeapBytes, &p.StackBytes} {
		if list[i].Value.Kind() == metrics.KindUint64 {
			*to = list[i].Value.Uint64()
		}
	}
	return p
}
