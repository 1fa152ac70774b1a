package guide

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"handfast/conformance"
	"handfast/conformance/internal/nearest"
	"handfast/conformance/vectors"
	"handfast/spec"
)

// Library is everything that can be explained.
type Library struct {
	Cases   []conformance.Case
	Vectors *vectors.Set
	Mutants []Mutant

	// Record runs a case against a peer that passes it, and returns the result with its trace. nil: nothing is shown of what a case sends.
	Record func(ctx context.Context, id string) (conformance.Result, error)
}

// Mutant is a test peer with one bug, in a role.
type Mutant struct {
	conformance.Mutant
	Role string // RoleAcceptor, RoleDialer or RoleCodec
}

// As gives mutants their role.
func As(role string, mutants []conformance.Mutant) []Mutant {
	list := make([]Mutant, len(mutants))
	for i, m := range mutants {
		list[i] = Mutant{m, role}
	}
	return list
}

// NewLibrary takes cases and mutants and reads the vectors. The error is that of vectors which cannot be read.
func NewLibrary(cases []conformance.Case, mutants []Mutant) (*Library, error) {
	set, err := vectors.Load()
	if err != nil {
		return nil, err
	}
	return &Library{Cases: cases, Vectors: set, Mutants: mutants}, nil
}

// UnknownError says that nothing has a name.
type UnknownError struct {
	Name string
	Near []string // names that exist, the nearest first
}

// Error names the nearest.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("nothing is called %q; the nearest names are %s", e.Name, strings.Join(e.Near, ", "))
}

// unknown makes the error for a name.
func (l *Library) unknown(name string) error {
	return &UnknownError{Name: name, Near: nearest.Names(l.Names(), name, 3)}
}

// Names lists everything that Explain knows.
func (l *Library) Names() []string {
	reg := spec.Registry()
	var names []string
	for _, r := range spec.Requirements() {
		names = append(names, r.ID)
	}
	for i := range l.Cases {
		names = append(names, l.Cases[i].ID)
	}
	for _, v := range l.Vectors.Vectors {
		names = append(names, v.ID)
	}
	for _, f := range reg.Frames {
		names = append(names, f.Name)
	}
	for _, k := range reg.Opening.Kinds {
		names = append(names, k.Name)
	}
	for _, c := range reg.Errors {
		names = append(names, c.Name)
	}
	for _, p := range reg.Protos {
		for _, m := range p.Messages {
			names = append(names, m.Name)
		}
	}
	for _, m := range reg.Limits {
		names = append(names, m.Name)
	}
	for _, m := range l.Mutants {
		names = append(names, m.Name)
	}
	for name := range papers() {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// citing lists what cites a requirement.
func (l *Library) citing(req string) (cases, inputs, mutants []Ref) {
	for i := range l.Cases {
		if c := &l.Cases[i]; slices.Contains(c.Req, req) {
			cases = append(cases, Ref{c.ID, c.Title})
		}
	}
	for _, v := range l.Vectors.Vectors {
		if slices.Contains(v.Req, req) {
			inputs = append(inputs, vectorRef(v))
		}
	}
	return cases, inputs, l.breaking([]string{req}, RoleAcceptor, RoleDialer, RoleCodec)
}

// breaking lists the mutants that break one of some requirements, in one of some roles. Those of the same name in several roles are one.
func (l *Library) breaking(reqs []string, roles ...string) []Ref {
	var list []Mutant
	for _, m := range l.Mutants {
		if !slices.Contains(reqs, m.Req) || !slices.Contains(roles, m.Role) {
			continue
		}
		i := slices.IndexFunc(list, func(have Mutant) bool { return have.Name == m.Name })
		if i >= 0 {
			list[i].Role += ", " + m.Role
		} else {
			list = append(list, m)
		}
	}
	refs := make([]Ref, len(list))
	for i, m := range list {
		refs[i] = Ref{m.Name, m.Role + ": " + m.Doc}
	}
	return refs
}

// Ref names something, with a few words about it.
type Ref struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

func vectorRef(v *vectors.Vector) Ref {
	text := v.Title + ": accept"
	if v.Error != nil {
		text = v.Title + ": reject with " + v.Error.Code
	}
	return Ref{v.ID, text}
}
