package delivery

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRenewLarge: a queue that has pages of its own goes on in a new channel, with what it holds.
func TestRenewLarge(t *testing.T) {
	const records = 300
	path := filepath.Join(t.TempDir(), "q")
	q := durable(t, path, plenty)
	list := make([][]byte, records)
	for i := range list {
		list[i] = make([]byte, 100)
	}
	_, _, err := q.AppendAll(list)
	require.NoError(t, err)
	require.NoError(t, q.Drop(1, 5, 3))
	was := q.Head()
	require.NoError(t, q.Renew())
	require.NotEqual(t, was.ID, q.Head().ID)
	require.EqualValues(t, 1, q.Bounds().First)
	require.EqualValues(t, records-4, q.Bounds().Next)
	require.NoError(t, q.Close())
	q = durable(t, path, plenty)
	_, ok := q.Get(records - 5)
	require.True(t, ok)
	require.NoError(t, q.Close())
}
