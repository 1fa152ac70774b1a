package main

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	hfchannel "handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

// resumeFill is how many records are put into a queue at a time.
const resumeFill = 10_000

// runResume measures the time from a link to the first of many records that wait in a queue in memory.
func runResume(t *trial, p peer) (figures, error) { return p.resume(t.Size, t.Concurrency, "") }

// runResumeDurable is runResume for a queue on the disk, which is opened in that time.
func runResumeDurable(t *trial, p peer) (figures, error) {
	dir, err := os.MkdirTemp("", "bench-resume-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return p.resume(t.Size, t.Concurrency, filepath.Join(dir, "queue"))
}

// handfastResume takes a queue in a file, or with an empty path one in memory.
func handfastResume(size, records int, path string) (figures, error) {
	var q hfchannel.Queue = delivery.NewVolatile("bench", queueLimit)
	if path != "" {
		file, err := delivery.OpenDurable(path, "bench", queueLimit)
		if err != nil {
			return nil, err
		}
		if err := fill(file, size, records); err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
	} else if err := fill(q, size, records); err != nil {
		return nil, err
	}
	m := newMemory(size)
	l, err := sinkLink(hfchannel.SinkConfig{Inline: true, Transactional: m})
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if path != "" {
		if q, err = delivery.OpenDurable(path, "bench", queueLimit); err != nil {
			return nil, err
		}
	}
	src := hfchannel.NewSource(hfchannel.SourceConfig{Queue: q, Proto: handfastProto})
	src.Attach(l)
	first := <-m.first // or the child's time ends
	return figures{figFirst: float64(first.Sub(start).Microseconds()) / 1000}, nil
}

func fill(q hfchannel.Queue, size, records int) error {
	msg := payload(size)
	for have := 0; have < records; {
		_, n, err := q.AppendAll(slices.Repeat([][]byte{msg}, min(resumeFill, records-have)))
		if err != nil {
			return err
		}
		have += n
	}
	return nil
}
