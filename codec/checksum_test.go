package codec

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChecksum(t *testing.T) {
	cases := []struct {
		name string
		in   []byte
		want uint32
	}{
		{"nothing", nil, 0},
		{"digits", []byte("123456789"), 0xe3069283},
		{"zeros", make([]byte, 32), 0x8a9136aa},
		{"ones", bytes.Repeat([]byte{0xff}, 32), 0x62a8ab43},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, Checksum(tc.in))
			for i := range len(tc.in) + 1 {
				require.Equal(t, tc.want, checksum2(tc.in[:i], tc.in[i:]), "cut at %d", i)
			}
		})
	}
	data := make([]byte, 100)
	require.Zero(t, testing.AllocsPerRun(100, func() { checksum2(data[:12], data[12:]) }))
}

func BenchmarkChecksum(b *testing.B) {
	data := make([]byte, 16<<10)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		Checksum(data)
	}
}
