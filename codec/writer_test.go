package codec

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// counter counts writes, and fails from some write on.
type counter struct {
	bytes.Buffer
	writes, failAt int
	short          bool
}

var errDisk = errors.New("no")

func (c *counter) Write(b []byte) (int, error) {
	c.writes++
	if c.failAt != 0 && c.writes >= c.failAt {
		return 0, errDisk
	}
	if c.short {
		return len(b) - 1, nil
	}
	return c.Buffer.Write(b)
}

func TestWriterGathers(t *testing.T) {
	var c counter
	w := NewWriter(&c, 1000)
	for range 10 {
		require.NoError(t, w.WriteMessage(Ping{}))
	}
	require.Zero(t, c.writes)
	require.Equal(t, 440, w.Buffered())
	require.NoError(t, w.Flush())
	require.NoError(t, w.Flush())
	require.Equal(t, 1, c.writes, "nothing is written where nothing is gathered")
	require.NoError(t, w.WriteFrame(Header{Type: TypeData, Stream: 1}, make([]byte, 1<<20)))
	require.Equal(t, 2, c.writes)
	require.Zero(t, w.Buffered())
	require.Nil(t, w.buf, "a large frame is not paid for ever after")
	got := drain(NewReader(&c.Buffer, 0), false)
	require.ErrorIs(t, got.err, &Error{Code: CodeFrameSize, Req: "READY-013"})
	require.Len(t, got.frames, 10)
}

func TestWriterOfSizeZeroWritesAtOnce(t *testing.T) {
	var c counter
	w := NewWriter(&c, -1)
	n, err := w.Write(openingOf(sampleHello(), nil))
	require.NoError(t, err)
	require.Equal(t, n, c.Len())
	require.NoError(t, w.WriteMessage(sampleReady()))
	require.Equal(t, 2, c.writes)
	got := drain(NewReader(&c.Buffer, 0), true)
	require.Len(t, got.frames, 1)
}

func TestWriterErrors(t *testing.T) {
	c := counter{failAt: 2}
	w := NewWriter(&c, 0)
	require.Error(t, w.WriteMessage(Open{Params: make([]byte, 20000)}))
	require.NoError(t, w.WriteMessage(Ping{}), "an error of a message is not one of the writer")
	require.ErrorIs(t, w.WriteMessage(Ping{}), errDisk)
	c.failAt = 0
	require.ErrorIs(t, w.WriteMessage(Ping{}), errDisk)
	require.ErrorIs(t, w.WriteFrame(Header{}, nil), errDisk)
	require.ErrorIs(t, w.Flush(), errDisk)
	_, err := w.Write(nil)
	require.ErrorIs(t, err, errDisk)
	w = NewWriter(&counter{short: true}, 0)
	_, err = w.Write([]byte("abc"))
	require.ErrorIs(t, err, io.ErrShortWrite)
}
