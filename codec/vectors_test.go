package codec_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/testdata"
)

// The vectors of testdata judge this package: each is replayed whole, byte by byte, and cut in two at every position, and every
// proper prefix of an accepted one must be refused or wait for more.

// vector is a vector with its bytes.
type vector struct {
	*testdata.Vector
	in []byte
}

// verdict is what this package says of an input.
type verdict struct {
	err   error
	again []byte                 // the value, encoded again
	form  func() ([]byte, error) // its JSON form
}

func refused(err error) verdict { return verdict{err: err} }

// read is a verdict of who reads. That the value cannot be written again is another error than those of a parser.
func read(form func() ([]byte, error), again []byte, err error) verdict {
	if err != nil {
		err = fmt.Errorf("accepted, and cannot be written again: %v", err)
	}
	return verdict{err: err, again: again, form: form}
}

func TestVectors(t *testing.T) {
	files, err := testdata.Load()
	require.NoError(t, err)
	for _, f := range files {
		for i := range f.Vectors {
			v := vector{&f.Vectors[i], f.Vectors[i].Bytes()}
			t.Run(v.ID, func(t *testing.T) {
				t.Parallel()
				replay(t, v)
			})
		}
	}
}

func replay(t *testing.T, v vector) {
	judge(t, v, whole(v, v.in), "whole")
	wire, ok := wireOf(v)
	if ok {
		judge(t, v, streamed(v, iotest.OneByteReader(bytes.NewReader(wire))), "byte by byte")
		for i := range wire {
			if everyCut || len(wire) < 2048 || i%61 == 0 {
				compare(t, v, streamed(v, &halves{wire[:i], wire[i:]}), "cut at", i)
			}
		}
	}
	if v.Verdict == testdata.Accept {
		for i := range v.in {
			if v.Op != testdata.OpCall { // where a message ends is for the piece to say
				prefix(t, v, whole(v, v.in[:i]).err, i)
			}
		}
		for i := range wire {
			if len(wire) < 2048 || i%61 == 0 {
				prefix(t, v, streamed(v, bytes.NewReader(wire[:i])).err, i)
			}
		}
	}
}

// judge holds all that was said to the vector.
func judge(t *testing.T, v vector, got verdict, how string) {
	t.Helper()
	compare(t, v, got, how, 0)
	if v.Verdict == testdata.Reject {
		return
	}
	form, err := got.form()
	require.NoError(t, err, "%s: %s", v.ID, how)
	require.JSONEq(t, string(v.Value), string(form), "%s: %s", v.ID, how)
	if v.Noncanonical { // what was written again is another form of the same
		require.NotEqual(t, v.in, got.again, "%s: %s: it is canonical", v.ID, how)
		twice := whole(v, got.again)
		require.NoError(t, twice.err, "%s: %s: written again", v.ID, how)
		form, err = twice.form()
		require.NoError(t, err, "%s: %s: written again", v.ID, how)
		require.JSONEq(t, string(v.Value), string(form), "%s: %s: written again", v.ID, how)
	}
}

// compare is judge without what takes long.
func compare(t *testing.T, v vector, got verdict, how string, at int) {
	t.Helper()
	if v.Verdict == testdata.Accept {
		if got.err != nil {
			t.Fatalf("%s: %s %d: %v", v.ID, how, at, got.err)
		}
		if !v.Noncanonical && !bytes.Equal(got.again, v.in) {
			t.Fatalf("%s: %s %d: written again it is %x", v.ID, how, at, got.again)
		}
		return
	}
	e, ok := errors.AsType[*codec.Error](got.err)
	if !ok {
		t.Fatalf("%s: %s %d: %v, want an *Error", v.ID, how, at, got.err)
	}
	said := testdata.Fault{Scope: e.Scope.String(), Code: e.Code.String(), Req: e.Req, At: e.Offset}
	if said != *v.Error {
		t.Fatalf("%s: %s %d: %+v, want %+v (%v)", v.ID, how, at, said, *v.Error, e)
	}
}

// prefix wants an *Error, or that more is asked for.
func prefix(t *testing.T, v vector, err error, n int) {
	t.Helper()
	_, fault := errors.AsType[*codec.Error](err)
	if !fault && !errors.Is(err, codec.ErrShort) && !errors.Is(err, io.ErrUnexpectedEOF) && (n > 0 || !errors.Is(err, io.EOF)) {
		t.Fatalf("%s: the first %d bytes: %v", v.ID, n, err)
	}
}

// halves gives two parts by a read each.
type halves [2][]byte

func (h *halves) Read(p []byte) (int, error) {
	for i := range h {
		if len(h[i]) > 0 {
			n := copy(p, h[i])
			h[i] = h[i][n:]
			return n, nil
		}
	}
	return 0, io.EOF
}
