package explain

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"handfast/codec"
)

// allocated gives the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestAllocationIsBoundedByTheInput: no length is believed, and the worst input costs a constant for each byte.
func TestAllocationIsBoundedByTheInput(t *testing.T) {
	const base, perByte = 64 << 10, 1500 // growing slices allocate several times what they keep
	long := codec.AppendHeader(nil, codec.Header{Type: codec.TypeData, Stream: 1, Length: 0xFFFFFFFF})
	opening := join(sampleHello()[:16], []byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0})
	for name, tc := range map[string]struct {
		b []byte
		o Options
	}{
		"4 GiB of payload":       {long, Options{}},
		"4 GiB, and allowed":     {long, Options{MaxFrame: 0xFFFFFFFF}},
		"4 GiB of opening":       {opening, Options{}},
		"4 GiB of str":           {[]byte("\xDB\xFF\xFF\xFF\xFF"), Options{What: Msgpack}},
		"4 GiB of elements":      {[]byte("\xDD\xFF\xFF\xFF\xFF\x01"), Options{What: Msgpack}},
		"64 KiB of small values": {append([]byte("\xDD\x00\x01\x00\x00"), bytes.Repeat([]byte{1}, 1<<16)...), Options{What: Msgpack}},
		"64 KiB of empty pieces": {codec.AppendFrame(nil, codec.Header{Type: codec.TypeData, Stream: 1}, make([]byte, 1<<16)), Options{}},
		"64 KiB of empty frames": {[]byte(strings.Repeat(string(codec.AppendHeader(nil, codec.Header{Type: 0x1B})), 1<<12)), Options{}},
	} {
		got := allocated(func() { checked(t, tc.b, tc.o) })
		if limit := base + perByte*uint64(len(tc.b)); got > limit {
			t.Errorf("%s: %d bytes for an input of %d; limit %d", name, got, len(tc.b), limit)
		}
		t.Logf("%s: %d bytes for an input of %d", name, got, len(tc.b))
	}
}
