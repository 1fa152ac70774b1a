package sketch_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
)

const vectorFolder = "../../testdata/cells/"

type vectorFile struct {
	Format int
	Spec   string
	Places []struct {
		ID, Salt, Item, Check string
		Places                []int
	}
	Sketches []struct {
		ID, Salt, Cells string
		Count           int
	}
	Differences []struct {
		ID, Title, Salt, Cells, Result, Reason string
		Ours                                   [2]int
		Used, Cell                             int
		Theirs                                 []string `json:"only_theirs"`
		Own                                    []string `json:"only_ours"`
	}
}

func readVectors(t testing.TB) (f vectorFile) {
	t.Helper()
	raw, err := os.ReadFile(vectorFolder + "cells.json")
	require.NoError(t, err)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&f))
	return f
}

func TestVectorsKeepTheirSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(vectorFolder + "cells.schema.json")
	require.NoError(t, err)
	raw, err := os.Open(vectorFolder + "cells.json")
	require.NoError(t, err)
	defer raw.Close()
	value, err := jsonschema.UnmarshalJSON(raw)
	require.NoError(t, err)
	require.NoError(t, schema.Validate(value))
	f := readVectors(t)
	ids := map[string]bool{}
	add := func(id string) {
		require.False(t, ids[id], id)
		ids[id] = true
	}
	for _, v := range f.Places {
		add(v.ID)
	}
	for _, v := range f.Sketches {
		add(v.ID)
	}
	for _, v := range f.Differences {
		add(v.ID)
	}
	require.Len(t, ids, 10+6+12, "vectors that are gone judge nothing")
}

func TestPlaceVectors(t *testing.T) {
	for _, v := range readVectors(t).Places {
		t.Run(v.ID, func(t *testing.T) {
			salt, it := bytes16(t, v.Salt), digest.Item(bytes16(t, v.Item))
			require.Equal(t, v.Places, slices.Collect(sketch.Places(salt, it)))
			check := sketch.Check(salt, it)
			require.Equal(t, v.Check, hex.EncodeToString(check[:]))
		})
	}
}

func TestSketchVectors(t *testing.T) {
	for _, v := range readVectors(t).Sketches {
		t.Run(v.ID, func(t *testing.T) {
			want, err := hex.DecodeString(v.Cells)
			require.NoError(t, err)
			s := sketchOf(t, bytes16(t, v.Salt), 1, v.Count, len(want)/sketch.CellSize)
			require.Equal(t, want, s.AppendCells(nil, 0, sketch.MaxCells))
			cells, err := sketch.ParseCells(want)
			require.NoError(t, err)
			require.Equal(t, s.Cells(0, sketch.MaxCells), cells)
		})
	}
}

func TestDifferenceVectors(t *testing.T) {
	for _, v := range readVectors(t).Differences {
		t.Run(v.ID, func(t *testing.T) {
			raw, err := hex.DecodeString(v.Cells)
			require.NoError(t, err)
			cells, err := sketch.ParseCells(raw)
			require.NoError(t, err)
			d := sketch.NewDecoder(sketchOf(t, bytes16(t, v.Salt), v.Ours[0], v.Ours[1], len(cells)))
			err = d.Add(cells)
			require.Equal(t, v.Result == "done", d.Done())
			if v.Result == "refused" {
				var fault *sketch.Error
				require.ErrorAs(t, err, &fault)
				require.Equal(t, v.Reason, fault.Reason.String())
				require.Equal(t, v.Cell, fault.Cell)
				require.Equal(t, err, d.Add(cells), "the same error again")
				return
			}
			require.NoError(t, err)
			if v.Result == "done" {
				theirs, ours := d.Difference()
				require.Equal(t, v.Used, d.Used())
				require.Equal(t, v.Theirs, texts(theirs))
				require.Equal(t, v.Own, texts(ours))
			}
		})
	}
}

func bytes16(t testing.TB, text string) (b [16]byte) {
	t.Helper()
	n, err := hex.Decode(b[:], []byte(text))
	require.NoError(t, err)
	require.Equal(t, 16, n)
	return b
}

// numbered is item n of the vectors.
func numbered(n int) digest.Item {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return digest.Item(sum[:16])
}

func sketchOf(t testing.TB, salt [16]byte, first, last, cells int) *sketch.Sketch {
	t.Helper()
	s, err := sketch.New(salt, cells)
	require.NoError(t, err)
	for n := first; n <= last; n++ {
		s.Add(numbered(n))
	}
	return s
}

func texts(items []digest.Item) (list []string) {
	for _, it := range items {
		list = append(list, hex.EncodeToString(it[:]))
	}
	slices.Sort(list)
	return list
}
