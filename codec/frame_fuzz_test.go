package codec

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"handfast/testdata"
)

// FuzzParseOpening: an opening that is taken says the same when it is written again. An input that is not an opening is taken as
// the body of one, so that the mutator need not guess checksums.
func FuzzParseOpening(f *testing.F) {
	for _, b := range [][]byte{openingOf(sampleHello(), nil), openingOf(nil, sampleRefuse()), helloEntries().opening(KindHello)} {
		f.Add(b, uint16(1))
		f.Add(b[OpeningSize:], uint16(b[15]))
		f.Add(b[:20], uint16(1))
	}
	for _, b := range recorded(f, "openings") {
		f.Add(b, uint16(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint16) {
		checkParsedOpening(t, b)
		checkParsedOpening(t, AppendRawOpening(nil, 0, 1, 1, Kind(kind), b))
	})
}

// recorded gives what was sent in a run of the suite.
func recorded(f *testing.F, name string) [][]byte {
	f.Helper()
	list, err := testdata.Recorded("../testdata", name)
	require.NoError(f, err)
	require.NotEmpty(f, list)
	return list
}

func checkParsedOpening(t *testing.T, b []byte) {
	var o Opening
	var n int
	var err error
	spent := allocated(func() { o, n, err = ParseOpening(b) })
	require.LessOrEqual(t, spent, uint64(200*len(b)+64<<10), "maps and interfaces cost more than the bytes that they come from")
	if errors.Is(err, ErrShort) {
		return
	}
	if err != nil {
		e := requireFault(t, err)
		require.Equal(t, ScopeLink, e.Scope)
		require.NotEmpty(t, e.Req)
		require.LessOrEqual(t, e.Offset, len(b))
		return
	}
	require.LessOrEqual(t, n, len(b))
	again, _, err := ParseOpening(openingOf(o.Hello, o.Refuse))
	require.NoError(t, err)
	require.Equal(t, o.Hello, again.Hello)
	require.Equal(t, o.Refuse, again.Refuse)
	checkOpeningJSON(t, again)
	if o.Hello != nil {
		_, _ = Agree(o.Hello, o.Hello)
	}
}

// FuzzParseFrame: a message that is taken gives, when it is written again, the bytes that it came from, apart from what is
// ignored. Checksums are made here, so that the mutator need not guess them; raw is parsed as it is as well.
func FuzzParseFrame(f *testing.F) {
	for _, tc := range messages() {
		b, err := tc.m.AppendBinary(nil)
		require.NoError(f, err)
		fr, _, err := ParseFrame(b, 1<<20)
		require.NoError(f, err)
		f.Add(b, uint8(fr.Type), uint8(fr.Flags), uint16(0), fr.Stream, fr.Payload)
	}
	odd := AppendFrame(nil, Header{Type: TypeAccept, Stream: 5}, []byte("\x81\xa7channel\x84\xa3dup\x00\xa6ranPes\x91\x92\x3c\x3d\xa6stable\x39\xa5state\xa4kept"))
	f.Add(odd, uint8(TypeAccept), uint8(0), uint16(0), uint32(5), odd[16:]) // a key that nobody knows, inside a map
	for _, b := range recorded(f, "frames") {
		f.Add(b, uint8(0), uint8(0), uint16(0), uint32(0), []byte(nil))
		if fr, _, err := ParseFrame(b, 1<<20); err == nil {
			f.Add([]byte(nil), uint8(fr.Type), uint8(fr.Flags), fr.Reserved, fr.Stream, fr.Payload)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, typ, flags uint8, reserved uint16, stream uint32, payload []byte) {
		if fr, n, err := ParseFrame(raw, 1<<20); err == nil {
			require.Equal(t, raw[:n], AppendFrame(nil, fr.Header, fr.Payload))
			checkParsedFrame(t, fr)
		} else if !errors.Is(err, ErrShort) {
			require.LessOrEqual(t, requireFault(t, err).Offset, len(raw))
		}
		h := Header{Type: Type(typ), Flags: Flags(flags), Reserved: reserved, Stream: stream}
		fr, _, err := ParseFrame(AppendFrame(nil, h, payload), MaxOpeningBody)
		if err == nil {
			checkParsedFrame(t, fr)
		}
	})
}

func checkParsedFrame(t *testing.T, f Frame) {
	var m Message
	var err error
	spent := allocated(func() { m, err = ParseMessage(f) })
	require.LessOrEqual(t, spent, uint64(200*len(f.Payload)+64<<10))
	if err != nil {
		e := requireFault(t, err)
		require.Equal(t, ScopeLink, e.Scope)
		require.LessOrEqual(t, e.Offset, f.Size())
		return
	}
	require.Equal(t, m.StreamID(), f.Stream)
	checkJSON(t, m)
	if want, exact := canonicalFrame(f); exact {
		got, err := m.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, want, got)
		return
	}
	again, err := m.AppendBinary(nil) // unknown keys are gone, text is valid: it is the same message all the same
	if err != nil {
		return // protos of READY with names that no HELLO can have
	}
	_, m2 := reread(t, again)
	b2, err := m2.AppendBinary(nil)
	require.NoError(t, err)
	require.Equal(t, again, b2)
}

// canonicalFrame clears what a receiver ignores. exact is false where more than single bits is ignored.
func canonicalFrame(f Frame) (b []byte, exact bool) {
	h := f.Header
	p := bytes.Clone(f.Payload)
	exact = true
	if info, known := f.Type.Info(); known {
		h.Reserved = 0
		defined := Flags(0)
		for _, flag := range info.Flags {
			defined |= flag.Flag
		}
		h.Flags &= defined
	}
	switch f.Type {
	case TypePing, TypeGap:
		clear(p[20:24])
	case TypePong:
		clear(p[40:43])
		p[43] &= ClockStepped
		clear(p[44:48])
	case TypeDrain:
		clear(p[12:16])
	case TypeAck:
		clear(p[14:16])
	case TypeClose, TypeReject, TypeReset:
		exact = utf8.Valid(p[8:])
	case TypeReady, TypeOpen, TypeAccept:
		exact = onlyKnownKeys(f)
	}
	return AppendFrame(nil, h, p), exact
}

func onlyKnownKeys(f Frame) bool {
	info, _ := f.Type.Info()
	v, err := ParseValue(f.Payload)
	return err == nil && knownKeys(v, info.Keys, f.Type == TypeReady)
}

// knownKeys says whether a map has registered keys alone, and so have the registered maps in it.
func knownKeys(v Value, keys []KeyInfo, ready bool) bool {
	for it := v.Iter(); it.Next(); {
		i := slices.IndexFunc(keys, func(k KeyInfo) bool { return k.Name == string(it.Key()) })
		if i < 0 || keys[i].Keys != nil && !knownKeys(it.Value(), keys[i].Keys, false) {
			return false
		}
		if ready && keys[i].Name == "protos" {
			for entry := it.Value().Iter(); entry.Next(); {
				if !fitsUint(entry.Value(), "u16") {
					return false
				}
			}
		}
	}
	return true
}

// FuzzReader: FRAME-014. The same comes out of a stream, however it is cut.
func FuzzReader(f *testing.F) {
	var stream []byte
	for _, tc := range messages() {
		b, err := tc.m.AppendBinary(nil)
		require.NoError(f, err)
		f.Add(b, uint(3), false)
		stream = append(stream, b...)
	}
	f.Add(stream, uint(100), false)
	f.Add(append(openingOf(sampleHello(), nil), stream...), uint(700), true)
	f.Add(append(openingOf(nil, sampleRefuse()), 1, 2, 3), uint(5), true)
	long := AppendFrame(nil, Header{Type: TypeData, Stream: 1}, make([]byte, 9000))
	f.Add(append(long, long...), uint(9010), false)
	for i, b := range recorded(f, "links") {
		f.Add(b, uint(i), false)
	}
	for i, b := range recorded(f, "openings") {
		f.Add(b, uint(i), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut uint, opening bool) {
		want := drain(NewReader(bytes.NewReader(b), 1<<20), opening)
		require.Equal(t, want, drain(NewReader(iotest.OneByteReader(bytes.NewReader(b)), 0), opening))
		at := int(cut % uint(len(b)+1))
		parts := io.MultiReader(bytes.NewReader(b[:at]), bytes.NewReader(b[at:]))
		require.Equal(t, want, drain(NewReader(parts, 0), opening))
		if e, ok := errors.AsType[*Error](want.err); ok {
			require.LessOrEqual(t, e.Offset, len(b))
		} else {
			require.True(t, want.err == io.EOF || want.err == io.ErrUnexpectedEOF, "%v", want.err)
		}
	})
}
