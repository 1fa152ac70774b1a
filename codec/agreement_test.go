package codec

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAgreeVersion(t *testing.T) {
	for _, tc := range []struct {
		name             string
		dialer, acceptor []uint16
		want             uint16
		ok               bool
	}{
		{"the only one", []uint16{1}, []uint16{1}, 1, true},
		{"the greatest", []uint16{1, 3, 2}, []uint16{3, 1, 2}, 3, true},
		{"the greatest common", []uint16{1, 4}, []uint16{1, 3}, 1, true},
		{"none", []uint16{1}, []uint16{2}, 0, false},
		{"grease is never selected", []uint16{1, 0x0A0A}, []uint16{0x0A0A, 1}, 1, true},
		{"nothing but grease", []uint16{1, 0x0A0A}, []uint16{0x0A0A, 2}, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, err := Agree(&Hello{Vers: tc.dialer}, &Hello{Vers: tc.acceptor})
			if !tc.ok {
				requireFaultIs(t, err, CodeNoVersion, ScopeLink, "VER-002", 0)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, a.Version)
		})
	}
}

func TestAgreeCaps(t *testing.T) {
	type offer = Caps
	for _, tc := range []struct {
		name             string
		dialer, acceptor Caps
		want             Caps
	}{
		{"nothing", nil, nil, Caps{}},
		{"AND", offer{"probe.and": true}, offer{"probe.and": true}, Caps{"probe.and": true}},
		{"AND, dialer alone", offer{"probe.and": true}, nil, Caps{}},
		{"AND, acceptor alone", nil, offer{"probe.and": true}, Caps{}},
		{"MIN", offer{"probe.min": int64(3)}, offer{"probe.min": int64(5)}, Caps{"probe.min": int64(3)}},
		{"MIN of 0", offer{"probe.min": int64(3)}, offer{"probe.min": int64(0)}, Caps{"probe.min": int64(0)}},
		{"MAX", offer{"probe.max": int64(3)}, offer{"probe.max": int64(5)}, Caps{"probe.max": int64(5)}},
		{"MAX, alone", offer{"probe.max": int64(3)}, offer{}, Caps{}},
		{"MIN of Go's own numbers", offer{"probe.min": 3}, offer{"probe.min": uint64(4)}, Caps{"probe.min": int64(3)}},
		{"INTERSECT", offer{"probe.intersect": []string{"a", "c", "d"}}, offer{"probe.intersect": []string{"b", "c", "d"}}, Caps{"probe.intersect": []string{"c", "d"}}},
		{"INTERSECT, none", offer{"probe.intersect": []string{"a"}}, offer{"probe.intersect": []string{"b"}}, Caps{}},
		{"CHOOSE goes by the acceptor", offer{"probe.choose": []string{"x", "a", "b"}}, offer{"probe.choose": []string{"c", "b", "a"}}, Caps{"probe.choose": []string{"b"}}},
		{"CHOOSE, none", offer{"probe.choose": []string{"a"}}, offer{"probe.choose": []string{"b"}}, Caps{}},
		{"names that nobody knows", offer{"probe.intersect": []string{"", "A", "b"}, "probe.choose": []string{"A", "b"}}, offer{"probe.intersect": []string{"", "A", "b"}, "probe.choose": []string{"A", "b"}}, Caps{"probe.intersect": []string{"b"}, "probe.choose": []string{"b"}}},
		{"grease", offer{"x.grease.0000": true}, offer{"x.grease.0000": true}, Caps{}},
		{"unknown", offer{"z": true}, offer{"z": true}, Caps{}},
		{"values of a wrong type", offer{"probe.and": []string{"a"}, "probe.min": "a", "probe.intersect": true}, offer{"probe.and": true, "probe.min": int64(1), "probe.intersect": []string{"a"}}, Caps{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, err := Agree(&Hello{Vers: []uint16{1}, Caps: tc.dialer}, &Hello{Vers: []uint16{1}, Caps: tc.acceptor})
			require.NoError(t, err)
			require.Equal(t, tc.want, a.Caps)
		})
	}
}

// Whatever the order of the roles, every rule but CHOOSE gives the same.
func TestMergeIsSymmetric(t *testing.T) {
	a := Caps{"probe.and": true, "probe.min": int64(1), "probe.max": int64(7), "probe.intersect": []string{"a", "b"}}
	b := Caps{"probe.and": true, "probe.min": int64(4), "probe.max": int64(2), "probe.intersect": []string{"b", "c"}}
	require.Equal(t, mergeCaps(a, b), mergeCaps(b, a))
	for _, info := range capabilityTable {
		require.Contains(t, []string{"AND", "MIN", "MAX", "INTERSECT", "CHOOSE"}, info.Rule, info.Name)
	}
}

func TestAgreeProtos(t *testing.T) {
	d := &Hello{Vers: []uint16{1}, Protos: map[string][]uint16{"call": {1, 3, 2}, "sync": {1}, "mine": {1}, "Odd": {1}}}
	a := &Hello{Vers: []uint16{1}, Protos: map[string][]uint16{"call": {2, 1}, "sync": {2}, "yours": {1}, "Odd": {1}}}
	got, err := Agree(d, a)
	require.NoError(t, err)
	require.Equal(t, map[string]uint16{"call": 2}, got.Protos)
}

func TestAgreeNeed(t *testing.T) {
	d := &Hello{Vers: []uint16{1}, Caps: Caps{"probe.and": true, "tls.bind": true}, Need: []string{"probe.and", "z", "tls.bind"}}
	a := &Hello{Vers: []uint16{1}, Caps: Caps{"probe.and": true}, Need: []string{"z", "delivery"}}
	got, err := Agree(d, a)
	requireFaultIs(t, err, CodeNeedUnmet, ScopeLink, "CAP-011", 0)
	require.Equal(t, []string{"delivery", "tls.bind", "z"}, Unmet(d, a, got.Caps))
	d.Need, a.Need = []string{"probe.and"}, nil
	_, err = Agree(d, a)
	require.NoError(t, err)
}

func TestNoVersionComesBeforeNeed(t *testing.T) {
	_, err := Agree(&Hello{Vers: []uint16{1}, Need: []string{"a"}}, &Hello{Vers: []uint16{2}})
	requireFaultIs(t, err, CodeNoVersion, ScopeLink, "VER-002", 0)
}

func TestTranscriptHash(t *testing.T) {
	require.Equal(t, sha256.Sum256([]byte("dialeracceptor")), TranscriptHash([]byte("dialer"), []byte("acceptor")))
}

// Equal agreements give equal bytes (READY-007, READY-008), whatever order Go's maps have today.
func TestReadyBytesAreDeterministic(t *testing.T) {
	want := encoded(t, sampleReady())
	for range 50 {
		require.Equal(t, want, encoded(t, sampleReady()))
	}
	m, err := ParseReady(sealed(t, Header{Type: TypeReady}, want[HeaderSize:len(want)-TrailerSize]))
	require.NoError(t, err)
	caps, err := AppendCaps(nil, m.Caps)
	require.NoError(t, err)
	require.Equal(t, caps, m.CapsRaw)
	protos, err := AppendProtos(nil, m.Protos)
	require.NoError(t, err)
	require.Equal(t, protos, m.ProtosRaw)
}

// What caps and protos hold is a matter of MISMATCH, which the link finds by their bytes, and not of form.
func TestReadyDoesNotJudgeContents(t *testing.T) {
	body, err := AppendValue(nil, map[string]any{
		"caps": map[string]any{"probe.and": int64(5)}, "protos": map[string]any{"call": "x", "sync": 1}, "th": make([]byte, 32), "ver": 1, "zz": nil,
	})
	require.NoError(t, err)
	m, err := ParseReady(sealed(t, Header{Type: TypeReady}, body))
	require.NoError(t, err)
	require.Equal(t, Caps{"probe.and": int64(5)}, m.Caps)
	require.Equal(t, map[string]uint16{"sync": 1}, m.Protos)
	require.Equal(t, hx("82 a4 63616c6c a1 78 a4 73796e63 01"), m.ProtosRaw)
}

func TestReadyRefusesToBeWrong(t *testing.T) {
	for name, m := range map[string]*Ready{
		"cb of 31":      {CB: make([]byte, 31)},
		"a float":       {Caps: Caps{"a": 1.5}},
		"a long name":   {Protos: map[string]uint16{string(make([]byte, 65)): 1}},
		"over 16,384":   {Caps: Caps{"a": make([]byte, 16384)}},
		"no name":       {Protos: map[string]uint16{"": 1}},
		"no capability": {Caps: Caps{"": true}},
	} {
		b, err := m.AppendFrame(prefix)
		requireFault(t, err)
		require.Equal(t, prefix, b, name)
		require.Zero(t, m.Size(), name)
	}
}

func TestGrease(t *testing.T) {
	types := map[Type]bool{}
	for _, typ := range GreaseTypes() {
		types[typ] = true
	}
	for n := range 256 {
		require.Equal(t, types[Type(n)], IsGreaseType(Type(n)), n)
		require.True(t, types[GreaseType(uint8(n))], n)
	}
	versions := 0
	for n := range 1 << 16 {
		require.True(t, IsGreaseVersion(GreaseVersion(uint16(n))))
		if IsGreaseVersion(uint16(n)) {
			versions++
		}
	}
	require.Equal(t, 256, versions)
	require.False(t, IsGreaseVersion(WireVersion))
	require.Equal(t, "x.grease.00ab", GreaseCapability(0xAB))
	require.True(t, isName(GreaseCapability(0xFFFF)))
}

func TestLimits(t *testing.T) {
	reg := specLimits(t)
	d, least, most := DefaultLimits(), MinLimits(), MaxLimits()
	require.Len(t, reg, len(limitTable))
	for i, want := range reg {
		require.Equal(t, want.Name, limitTable[i].Name)
		require.Equal(t, want.Default, *d.ref(i), want.Name)
		require.Equal(t, want.Min, *least.ref(i), want.Name)
		require.Equal(t, want.Max, *most.ref(i), want.Name)
	}
	for _, l := range []Limits{d, least, most} {
		require.NoError(t, l.Validate())
	}
	require.Nil(t, d.ref(len(limitTable)))
	require.Error(t, new(Limits).Validate(), "LIM-002: zero is not absent")
	most.Streams++
	require.ErrorIs(t, most.Validate(), &Error{Code: CodeEncoding, Req: "HELLO-012"})
}
