package codec

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/testdata"
)

// seedsOf gives the inputs of the vectors of an op.
func seedsOf(f *testing.F, op string, add func(v *testdata.Vector, b []byte)) {
	f.Helper()
	files, err := testdata.Load()
	require.NoError(f, err)
	for i := range files {
		for j := range files[i].Vectors {
			if v := &files[i].Vectors[j]; v.Op == op {
				add(v, v.Bytes())
			}
		}
	}
}

// FuzzCall gives any bytes to each reader of a message of call: a fault has code, scope and requirement and lies inside the message, what is taken is written again as the same bytes where
// nothing of it is ignored, and what is allocated is in proportion to the input.
func FuzzCall(f *testing.F) {
	seedsOf(f, testdata.OpCall, func(_ *testdata.Vector, b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		judged := func(err error) bool {
			if err == nil {
				return true
			}
			e := requireFault(t, err)
			require.Equal(t, ScopeStream, e.Scope)
			require.LessOrEqual(t, e.Offset, len(b))
			return false
		}
		var r CallRequest
		var value []byte
		var failure *CallError
		var err error
		spent := allocated(func() { r, err = ParseCallRequest(b) })
		if judged(err) {
			again, err := r.Append(nil)
			require.NoError(t, err)
			want := append([]byte{b[0], 0}, b[2:]...) // the reserved byte is ignored
			require.Equal(t, want, again)
		}
		spent += allocated(func() { value, err = ParseCallArg(b) })
		if judged(err) {
			require.Equal(t, b, AppendCallArg(nil, value))
		}
		spent += allocated(func() { value, failure, err = ParseCallAnswer(b) })
		if judged(err) && failure == nil {
			require.Equal(t, b, AppendCallReply(nil, value))
		} else if err == nil {
			once, err := failure.Append(nil)
			require.NoError(t, err)
			_, same, err := ParseCallAnswer(once)
			require.NoError(t, err)
			require.Equal(t, failure, same)
		}
		require.LessOrEqual(t, spent, uint64(3*2*len(b)+64<<10))
	})
}
