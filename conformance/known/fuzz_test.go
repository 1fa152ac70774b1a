package known

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzKnown gives anything to the reader of the list: a fault is a *FileError with its line, and what is taken is written as the same bytes.
func FuzzKnown(f *testing.F) {
	f.Add([]byte("# comment\n\nframe/ping | fail: expected PONG | until=2027-01-31 | https://example.org/1 | slow\nflaky:client:close/* | crash | | | TODO\n"))
	f.Add([]byte("x | y"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := ParseKnown("list", b)
		if err != nil {
			e, ok := errors.AsType[*FileError](err)
			require.True(t, ok, "%v", err)
			require.Positive(t, e.Line)
			return
		}
		var once bytes.Buffer
		_, err = file.WriteTo(&once)
		require.NoError(t, err)
		again, err := ParseKnown("list", once.Bytes())
		require.NoError(t, err)
		require.Equal(t, len(file.Entries()), len(again.Entries()))
	})
}

// FuzzConfig gives anything to the reader of conformance.json: a fault is a *FileError.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"format":1,"spec":"1","profile":"core","modes":{"codec":{"command":["x"]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ParseConfig("conformance.json", b); err != nil {
			_, ok := errors.AsType[*FileError](err)
			require.True(t, ok, "%v", err)
		}
	})
}
