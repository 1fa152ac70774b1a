package codec

import (
	"bytes"
	"testing"

	"handfast/testdata"
)

// frameHolds is the property of the frame parser that a fuzzer can ask at full speed: nothing panics, a fault is an *Error inside the input, and a frame that is taken is written again as the same bytes.
func frameHolds(b []byte) bool {
	f, n, err := ParseFrame(b, testdata.DefaultMaxFrame)
	if err != nil {
		e, ok := err.(*Error) //nolint:errorlint // the parser returns nothing that wraps it
		return err == ErrShort || ok && e.Req != "" && e.Offset <= len(b)
	}
	if n > len(b) || len(f.Payload) != int(f.Length) {
		return false
	}
	m, err := ParseMessage(f)
	if err != nil {
		e, ok := err.(*Error) //nolint:errorlint // as above
		return ok && e.Req != "" && e.Offset <= n
	}
	return m.StreamID() == f.Stream
}

// FuzzFrame is FuzzParseFrame for speed: it allocates next to nothing, so that the engine gets to more inputs.
func FuzzFrame(f *testing.F) {
	seedsOf(f, testdata.OpFrame, func(_ *testdata.Vector, b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		if !frameHolds(b) {
			t.Fatalf("%x", b)
		}
		if f, n, err := ParseFrame(b, testdata.DefaultMaxFrame); err == nil && !bytes.Equal(AppendFrame(nil, f.Header, f.Payload), b[:n]) {
			t.Fatalf("%x", b)
		}
	})
}

// BenchmarkFuzzFrame measures the body of FuzzFrame over the vectors: 5,000 ns are 200,000 executions a second.
func BenchmarkFuzzFrame(b *testing.B) {
	files, err := testdata.Load()
	if err != nil {
		b.Fatal(err)
	}
	var inputs [][]byte
	for i := range files {
		for j := range files[i].Vectors {
			if v := &files[i].Vectors[j]; v.Op == testdata.OpFrame && len(v.In) < 8192 {
				inputs = append(inputs, v.Bytes())
			}
		}
	}
	b.ResetTimer()
	for i := range b.N {
		if !frameHolds(inputs[i%len(inputs)]) {
			b.Fatalf("%x", inputs[i%len(inputs)])
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "executions/s")
}
