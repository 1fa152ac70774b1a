package codec

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// The shared checker: what holds for every message.

var prefix = []byte("before")

// encoded appends m behind a prefix and checks that only the frame was added.
func encoded(t testing.TB, m Message) []byte {
	t.Helper()
	b, err := m.AppendBinary(bytes.Clone(prefix))
	require.NoError(t, err)
	require.Equal(t, prefix, b[:len(prefix)])
	b = b[len(prefix):]
	require.Len(t, b, m.Size())
	return b
}

// reread reads one frame and its message.
func reread(t testing.TB, b []byte) (Frame, Message) {
	t.Helper()
	f, n, err := ParseFrame(b, uint32(MaxLimits().MaxFrame))
	require.NoError(t, err)
	require.Equal(t, len(b), n)
	require.Equal(t, len(b), f.Size())
	m, err := ParseMessage(f)
	require.NoError(t, err)
	return f, m
}

// checkMessage holds one message to what is true of all. rigid says that the body's length follows from its contents, so that
// no other length is lawful.
func checkMessage(t *testing.T, m Message, rigid bool) {
	t.Helper()
	b := encoded(t, m)
	f, again := reread(t, b)
	require.Equal(t, m.FrameType(), f.Type)
	require.Equal(t, m.StreamID(), f.Stream)
	require.Equal(t, b, encoded(t, again))
	require.Equal(t, m.FrameType(), again.FrameType())
	require.Equal(t, m.StreamID(), again.StreamID())

	for i := range b {
		_, _, err := ParseFrame(b[:i], MaxControl*64)
		require.ErrorIs(t, err, ErrShort, "%d of %d bytes", i, len(b))
	}
	if rigid {
		checkRigid(t, f)
	}
	checkIgnoredBits(t, f, again)
	checkAliases(t, b, again)
	checkJSON(t, again)
	require.LessOrEqual(t, allocated(func() { _, _ = ParseMessage(f) }), uint64(2*len(b)+64<<10))
}

// checkRigid cuts the body short, and makes it longer by a byte.
func checkRigid(t *testing.T, f Frame) {
	t.Helper()
	for i := range f.Payload {
		cut := sealed(t, f.Header, f.Payload[:i])
		_, err := ParseMessage(cut)
		requireFault(t, err)
	}
	long := sealed(t, f.Header, append(bytes.Clone(f.Payload), 0))
	_, err := ParseMessage(long)
	requireFault(t, err)
}

// checkIgnoredBits sets reserved and the flag bits that no type defines (FRAME-008).
func checkIgnoredBits(t *testing.T, f Frame, want Message) {
	t.Helper()
	if !KnownType(f.Type) {
		return // kept, for tools
	}
	h := f.Header
	h.Reserved = 0xFFFF
	h.Flags |= 0x70 | FlagMustUnderstand
	got, err := ParseMessage(sealed(t, h, f.Payload))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// checkAliases overwrites the input.
func checkAliases(t *testing.T, b []byte, want Message) {
	t.Helper()
	input := bytes.Clone(b)
	_, m := reread(t, input)
	for i := range input {
		input[i] = 0xEE
	}
	require.Equal(t, want, m)
}

// checkJSON takes m through its JSON form. m was parsed, so that nothing about it is undefined.
func checkJSON(t *testing.T, m Message) {
	t.Helper()
	j, err := MessageJSON(m)
	require.NoError(t, err)
	again, err := MessageFromJSON(j)
	require.NoError(t, err, "%s", j)
	require.Equal(t, encoded(t, m), encoded(t, again), "%s", j)
	j2, err := MessageJSON(again)
	require.NoError(t, err)
	require.Equal(t, string(j), string(j2))
}

// sealed makes a frame and reads it, without its message.
func sealed(t testing.TB, h Header, payload []byte) Frame {
	t.Helper()
	f, _, err := ParseFrame(AppendFrame(nil, h, payload), 1<<20)
	require.NoError(t, err)
	return f
}

func requireFault(t testing.TB, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok, "want an *Error, got %v", err)
	return e
}

// requireFaultIs checks all of an error but its words.
func requireFaultIs(t testing.TB, err error, code Code, scope Scope, req string, off int) {
	t.Helper()
	e := requireFault(t, err)
	got := Error{Code: e.Code, Scope: e.Scope, Req: e.Req, Offset: e.Offset}
	require.Equal(t, Error{Code: code, Scope: scope, Req: req, Offset: off}, got, "%v", err)
	require.NotEmpty(t, e.Detail)
}

// noAllocs runs f often and wants nothing allocated.
func noAllocs(t *testing.T, name string, f func()) {
	t.Helper()
	f() // once, for what is made on first use
	require.Zero(t, testing.AllocsPerRun(100, f), name)
}
