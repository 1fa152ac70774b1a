package sketch_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
	"handfast/spec/vectortest"
)

const vectorFolder = "../../testdata/cells/"

type vectorFile struct {
	Format   int
	Spec     string
	Products []struct{ ID, A, B, Product string }
	Inverses []struct{ ID, A, Inverse string }
	Places   []struct {
		ID, Salt, Key string
		Places        []int
	}
	Sketches []struct {
		ID, Salt, Cells, Estimate string
		Count                     int
	}
	Differences []struct {
		ID, Title, Salt, Cells, Result, Reason string
		Ours                                   [2]int
		Used, Cell                             int
		Found                                  []string
	}
	Estimates []struct {
		ID, Ours, Theirs string
		Keys             int
	}
}

func readVectors(t testing.TB) vectorFile {
	t.Helper()
	return vectortest.Read[vectorFile](t, vectorFolder+"cells.json")
}

func TestVectorsKeepTheirSchema(t *testing.T) {
	f := readVectors(t)
	ids := map[string]bool{}
	add := func(id string) {
		require.False(t, ids[id], id)
		ids[id] = true
	}
	for _, v := range f.Products {
		add(v.ID)
	}
	for _, v := range f.Inverses {
		add(v.ID)
	}
	for _, v := range f.Estimates {
		add(v.ID)
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
	require.Len(t, ids, 10+6+10+6+14+6, "vectors that are gone judge nothing")
}

func TestPlaceVectors(t *testing.T) {
	for _, v := range readVectors(t).Places {
		t.Run(v.ID, func(t *testing.T) {
			key, err := hex.DecodeString(v.Key)
			require.NoError(t, err)
			require.Equal(t, v.Places, slices.Collect(sketch.Places(bytes16(t, v.Salt), [8]byte(key))))
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
			require.Equal(t, v.Estimate, hex.EncodeToString(s.AppendEstimate(nil)))
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
				require.Equal(t, v.Used, d.Used())
				require.Equal(t, v.Found, texts(d.Difference()))
			}
		})
	}
}

func TestEstimateVectors(t *testing.T) {
	for _, v := range readVectors(t).Estimates {
		t.Run(v.ID, func(t *testing.T) {
			read := func(text string) sketch.Estimate {
				raw, err := hex.DecodeString(text)
				require.NoError(t, err)
				e, err := sketch.ParseEstimate(raw)
				require.NoError(t, err)
				return e
			}
			require.Equal(t, v.Keys, read(v.Theirs).Keys(read(v.Ours)))
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

// texts gives key hash and sum of states of each change, in one text.
func texts(changes []sketch.Change) (list []string) {
	for _, c := range changes {
		list = append(list, hex.EncodeToString(c.Key[:])+hex.EncodeToString(c.Delta[:]))
	}
	return list
}
