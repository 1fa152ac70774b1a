package codec_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/spec/vectortest"
)

const realtimeFolder = "../testdata/realtime/"

type realtimeVector struct {
	ID, Title, In, Verdict, Twin string
	Req                          []string
	Value                        json.RawMessage
	Noncanonical                 bool
	Error                        *struct {
		Req string
		At  int
	}
}

func realtimeVectors(t testing.TB) []realtimeVector {
	t.Helper()
	return vectortest.Read[struct {
		Format  int
		Spec    string
		Records []realtimeVector
	}](t, realtimeFolder+"records.json").Records
}

// TestRealtimeVectors judges reader, writer and JSON form by the vectors (REAL-004, REAL-006).
func TestRealtimeVectors(t *testing.T) {
	verdicts := map[string]string{}
	for _, v := range realtimeVectors(t) {
		require.Empty(t, verdicts[v.ID], "%s stands twice", v.ID)
		verdicts[v.ID] = v.Verdict
	}
	for _, v := range realtimeVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			in, err := hex.DecodeString(v.In)
			require.NoError(t, err)
			if codec.IsRealtimePart(in) {
				judgePart(t, &v, in)
				return
			}
			r, err := codec.ParseRealtime(in)
			if v.Verdict == "reject" {
				require.Equal(t, "accept", verdicts[v.Twin])
				var e *codec.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, codec.ScopeItem, e.Scope)
				require.Equal(t, codec.CodeEncoding, e.Code)
				require.Equal(t, v.Error.Req, e.Req)
				require.Equal(t, v.Error.At, e.Offset)
				return
			}
			require.NoError(t, err)
			j, err := codec.RealtimeJSON(&r)
			require.NoError(t, err)
			require.JSONEq(t, string(v.Value), string(j))
			again, err := codec.RealtimeFromJSON(v.Value)
			require.NoError(t, err)
			out, err := again.Append([]byte("before"))
			require.NoError(t, err)
			require.Equal(t, len(out), len("before")+again.Size())
			if v.Noncanonical {
				require.NotEqual(t, v.In, hex.EncodeToString(out[6:]))
			} else {
				require.Equal(t, v.In, hex.EncodeToString(out[6:]))
			}
		})
	}
}

// judgePart holds reader and writer of a PART against a vector (REAL-029).
func judgePart(t *testing.T, v *realtimeVector, in []byte) {
	p, err := codec.ParseRealtimePart(in)
	if v.Verdict == "reject" {
		var e *codec.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, codec.ScopeItem, e.Scope)
		require.Equal(t, v.Error.Req, e.Req)
		require.Equal(t, v.Error.At, e.Offset)
		return
	}
	require.NoError(t, err)
	j, err := codec.RealtimePartJSON(&p)
	require.NoError(t, err)
	require.JSONEq(t, string(v.Value), string(j))
	out, err := p.Append(nil)
	require.NoError(t, err)
	require.Len(t, out, p.Size())
	require.Equal(t, v.Noncanonical, !bytes.Equal(in, out))
}

// TestRealtimePartRefusesToWrite: a writer refuses what a reader would, and a part that is too long.
func TestRealtimePartRefusesToWrite(t *testing.T) {
	for name, p := range map[string]codec.RealtimePart{
		"no bytes": {Total: 1}, "beyond": {Total: 1, Offset: 1, Bytes: []byte{1}}, "long": {Total: 2 << 20, Bytes: make([]byte, codec.MaxRealtimePart-31)},
	} {
		b, err := p.Append([]byte("kept"))
		require.Equal(t, "kept", string(b), name)
		require.Error(t, err, name)
		_, err = codec.RealtimePartJSON(&p)
		require.Error(t, err, name)
	}
	longest := codec.RealtimePart{Total: 2 << 20, Bytes: make([]byte, codec.MaxRealtimePart-32)}
	b, err := longest.Append(nil)
	require.NoError(t, err)
	require.Len(t, b, codec.MaxRealtimePart)
	_, err = codec.ParseRealtimePart(append(b, 0))
	require.Error(t, err)
	_, err = codec.ParseRealtimePart([]byte{1, 31: 0, 40: 0})
	require.Error(t, err)
}

// TestRealtimeRefusesToWrite: a writer refuses what a reader would.
func TestRealtimeRefusesToWrite(t *testing.T) {
	good := codec.Realtime{Namespace: "a", Key: "k", Path: make([][16]byte, 1), Object: []byte{1}}
	_, err := good.Append(nil)
	require.NoError(t, err)
	for name, change := range map[string]func(r *codec.Realtime){
		"no path": func(r *codec.Realtime) { r.Path = nil }, "long path": func(r *codec.Realtime) { r.Path = make([][16]byte, 17) },
		"no namespace": func(r *codec.Realtime) { r.Namespace = "" }, "long namespace": func(r *codec.Realtime) { r.Namespace = strings.Repeat("a", 65) },
		"capital": func(r *codec.Realtime) { r.Namespace = "A" }, "no key": func(r *codec.Realtime) { r.Key = "" },
		"long key": func(r *codec.Realtime) { r.Key = strings.Repeat("k", 1025) }, "no object": func(r *codec.Realtime) { r.Object = nil },
	} {
		r := good
		change(&r)
		b, err := r.Append([]byte("kept"))
		require.Equal(t, "kept", string(b), name)
		var e *codec.Error
		require.True(t, errors.As(err, &e), name)
		_, err = codec.RealtimeJSON(&r)
		require.Error(t, err, name)
	}
	for _, j := range []string{
		``, `{}`, `{"kind":"OBJECT"}`, `{"kind":"OTHER","path":["00000000000000000000000000000000"],"namespace":"a","key":"6b","object":"01"}`,
		`{"kind":"OBJECT","path":["00"],"namespace":"a","key":"6b","object":"01"}`, `{"kind":"OBJECT","path":["00000000000000000000000000000000"],"namespace":"a","key":"6B","object":"01"}`,
		`{"kind":"OBJECT","path":["00000000000000000000000000000000"],"namespace":"a","key":"6b","object":"0"}`, `{"kind":"OBJECT","path":["00000000000000000000000000000000"],"namespace":"a","key":"6b","object":"01","more":1}`,
	} {
		_, err := codec.RealtimeFromJSON([]byte(j))
		require.Error(t, err, j)
	}
}

// FuzzParseRealtime: no bytes make the reader panic, and what it accepts is written as something that says the same.
func FuzzParseRealtime(f *testing.F) {
	for _, v := range realtimeVectors(f) {
		in, _ := hex.DecodeString(v.In)
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if p, err := codec.ParseRealtimePart(in); err == nil {
			out, err := p.Append(nil)
			require.NoError(t, err)
			require.Len(t, out, len(in))
		}
		r, err := codec.ParseRealtime(in)
		if err != nil {
			return
		}
		out, err := r.Append(nil)
		require.NoError(t, err)
		require.Len(t, out, len(in))
		again, err := codec.ParseRealtime(out)
		require.NoError(t, err)
		require.Equal(t, r, again)
	})
}
