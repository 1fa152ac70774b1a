package vectors

import (
	"cmp"
	"encoding/json"
	"slices"

	"handfast/conformance"
	"handfast/testdata"
)

// Profile is that of every case here.
const Profile = "codec"

// Vector is a vector with everything that a judge needs.
type Vector struct {
	*testdata.Vector

	Input   []byte
	Twinned *Vector // of a reject: the accepted vector without the fault
	Level   int     // step of SPEC.md chapter 3 after which a parser can judge it; above them all for what is beyond the profile core

	value any // Accept: Value, as jsonValue reads it
}

// Set is the vectors in the order in which a parser is written: by level, and within one as the files have them. It is immutable.
type Set struct {
	Vectors []*Vector
	byID    map[string]*Vector
}

// Load reads the vectors of testdata.
func Load() (*Set, error) {
	files, err := testdata.Load()
	if err != nil {
		return nil, err
	}
	s := &Set{byID: make(map[string]*Vector)}
	for i := range files {
		for j := range files[i].Vectors {
			v := &Vector{Vector: &files[i].Vectors[j]}
			v.Input = v.Bytes()
			if v.value, err = jsonValue(v.Value); err != nil {
				return nil, err
			}
			s.Vectors = append(s.Vectors, v)
			s.byID[v.ID] = v
		}
	}
	for _, v := range s.Vectors {
		v.Twinned = s.byID[v.Twin]
		v.Level = levelOf(v.Vector)
		if v.Twinned != nil { // a refusal proves nothing before its twin is accepted
			v.Level = max(v.Level, levelOf(v.Twinned.Vector))
		}
	}
	slices.SortStableFunc(s.Vectors, func(a, b *Vector) int { return cmp.Compare(a.Level, b.Level) })
	return s, nil
}

// Vector gives a vector by its id, nil for none.
func (s *Set) Vector(id string) *Vector { return s.byID[id] }

// Cases gives the vectors as the suite's cases, without scripts: for lists, and to select from by conformance.Select.
func (s *Set) Cases() []conformance.Case {
	cases := make([]conformance.Case, len(s.Vectors))
	for i, v := range s.Vectors {
		cases[i] = conformance.Case{ID: v.ID, Req: v.Req, Title: v.Title, Profile: Profile, Level: v.Level}
	}
	return cases
}

// jsonValue reads a JSON value and keeps the digits of its numbers.
func jsonValue(raw json.RawMessage) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	return decodeJSON(raw)
}
