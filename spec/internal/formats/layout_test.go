package formats

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/spec"
)

// sized is a field with an exact size, open one without.
func sized(name, kind string, size int, doc string) spec.Field { return field(name, kind, size, doc) }

func open(name, kind, doc string) spec.Field { return spec.Field{Name: name, Type: kind, Doc: doc} }

func proto(fields ...spec.Field) spec.Proto {
	kind := sized("kind", "u8", 1, "1")
	return spec.Proto{Name: "p", Messages: []spec.Message{{Name: "M", Value: 1, Fields: append([]spec.Field{kind}, fields...)}}}
}

func TestLayout(t *testing.T) {
	p := proto(
		sized("flags", "u8", 1, "01 ALL: one; and more of it; 80 ROOT; other bits sent 0, ignored"),
		sized("reserved", "u8", 1, "sent 0, ignored"),
		sized("form", "u8", 1, "0 SAME, 2 no-op"),
		sized("length", "u8", 1, "half bytes of the prefix, 0 to 16"),
		sized("key_length", "u16", 2, "bytes of key, 1 to 1,024"),
		sized("hops", "u8", 1, "clusters"),
		sized("reserved", "u16", 2, "sent 0, ignored"),
		open("prefix", "bytes", "anything"),
		open("key", "bytes", "as OBJ-017 says"),
		open("path", "bytes", "hops cluster ids of 16 bytes, the first one last"),
		open("root", "bytes", "with ROOT, 24 bytes: of something; otherwise none"),
		open("cells", "bytes", "at least one, 24 bytes each"),
	)
	parts, err := layout(p, p.Messages[0])
	require.NoError(t, err)
	at := map[string]part{}
	for _, o := range parts {
		at[o.ID] = o
	}
	require.Len(t, at, 13)
	require.Equal(t, []bit{{"ALL", 1, "one; and more of it"}, {"ROOT", 128, ""}}, at["flags"].Bits)
	require.Equal(t, []named{{"SAME", 0}, {"no-op", 2}}, at["form"].Values)
	require.Equal(t, "reserved", at["reserved_2"].Name)
	require.Equal(t, 0, *at["length"].Least)
	require.Equal(t, 1024, *at["key_length"].Most)
	require.Equal(t, "OBJ-017", at["key_length"].Rule)
	require.Equal(t, "length", at["prefix"].By)
	require.Equal(t, 0, at["prefix"].Unit)
	require.Equal(t, "key_length", at["key"].By)
	require.Equal(t, 1, at["key"].Unit)
	require.Equal(t, "hops", at["path"].By)
	require.Equal(t, 16, at["path"].Unit)
	require.Equal(t, 128, at["root"].With.Value)
	require.Equal(t, 24, *at["root"].Size)
	require.Equal(t, 24, at["cells"].Each)
	require.Equal(t, 1, *at["cells"].Least)
}

// TestAsAsked: a field that repeats what was asked has the meaning of the question's.
func TestAsAsked(t *testing.T) {
	p := proto(sized("length", "u8", 1, "half bytes of the prefix, 0 to 16"), open("prefix", "bytes", ""))
	p.Messages = append(p.Messages, spec.Message{Name: "A", Fields: []spec.Field{sized("length", "u8", 1, "as asked"), open("prefix", "bytes", "as asked"), open("rest", "bytes", "")}})
	parts, err := layout(p, p.Messages[1])
	require.NoError(t, err)
	require.Equal(t, 16, *parts[0].Most)
	require.Equal(t, "length", parts[1].By)
}

// TestTextsWithoutForm: what the generators could only guess is an error.
func TestTextsWithoutForm(t *testing.T) {
	for name, c := range map[string]struct {
		want   string
		fields []spec.Field
	}{
		"flags in words":        {"does not end with", []spec.Field{sized("flags", "u8", 1, "bit 0 says all")}},
		"flags that go on":      {"does not end with", []spec.Field{sized("flags", "u8", 1, "01 ALL: one; 02 ROOT: two")}},
		"a flag without number": {"does not begin with a flag", []spec.Field{sized("flags", "u8", 1, "ALL; other bits sent 0, ignored")}},
		"two bits":              {"not one bit", []spec.Field{sized("flags", "u8", 1, "03 ALL; other bits sent 0, ignored")}},
		"a flag that is none":   {"no flag ROOT", []spec.Field{sized("flags", "u8", 1, "01 ALL; other bits sent 0, ignored"), open("root", "bytes", "with ROOT, 4 bytes")}},
		"a size in the middle":  {"nothing says the size of key", []spec.Field{open("key", "bytes", "the key"), open("object", "bytes", "the rest")}},
	} {
		p := proto(c.fields...)
		_, err := layout(p, p.Messages[0])
		require.ErrorContains(t, err, c.want, name)
	}
}

// TestInside: what is known of the inside of fields fits the registry, all of it is used, and another size is an error.
func TestInside(t *testing.T) {
	r, err := spec.ParseRegistry(spec.RegistryJSON())
	require.NoError(t, err)
	used := map[string]bool{}
	for _, p := range ksyProtos(r) {
		for _, m := range p.Messages {
			parts, err := layout(p, m)
			require.NoError(t, err)
			for _, o := range parts {
				if len(o.Inner) > 0 || o.Forms != nil {
					used[p.Name+"."+ksyNames(m.Name)+"."+o.Name] = true
				}
			}
		}
	}
	for name := range inside {
		require.True(t, used[name], name)
	}
	for name := range formsOf {
		require.True(t, used[name], name)
	}

	change := func(message, name, doc string) error {
		r, err := spec.ParseRegistry(spec.RegistryJSON())
		require.NoError(t, err)
		for _, p := range r.Protos {
			for _, m := range p.Messages {
				for i := range m.Fields {
					if m.Name == message && m.Fields[i].Name == name {
						m.Fields[i].Doc = doc
					}
				}
			}
		}
		_, lua := Lua(r)
		_, ksy := Ksy(r)
		require.Equal(t, lua == nil, ksy == nil)
		return lua
	}
	require.NoError(t, change("RESULT", "first", "a number"))
	require.ErrorContains(t, change("RESULT", "runs", "at least one, 9 bytes each"), "another size than the 8 bytes")
	require.ErrorContains(t, change("COMPLETE", "root", "with ROOT, 25 bytes"), "another size than the 24 bytes")
	require.ErrorContains(t, change("OBJECT", "path", "hops cluster ids of 17 bytes"), "another size than the 16 bytes")
	require.ErrorContains(t, change("DIGEST", "form", "0 SAME, 9 OTHER"), "nothing says what entries holds with OTHER")
}
