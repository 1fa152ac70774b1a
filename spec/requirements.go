package spec

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed requirements.json
var requirementsJSON []byte

// RequirementsJSON returns a copy of the embedded requirements.json.
func RequirementsJSON() []byte { return bytes.Clone(requirementsJSON) }

// RequirementFile is requirements.json.
type RequirementFile struct {
	Format       int    `json:"format"`
	Spec         string `json:"spec"` // the wire version that the sentences are about
	Requirements []Rule `json:"requirements"`
}

// Rule is one normative sentence. The page wins where its text differs; a test keeps the two equal.
type Rule struct {
	ID       string `json:"id"`
	Level    string `json:"level"` // MUST, MUST NOT, SHOULD, SHOULD NOT or MAY
	Role     string `json:"role"`  // who obeys: peer, dialer, acceptor, sender, receiver, caller or callee
	Profile  string `json:"profile"`
	Page     string `json:"page"`     // path from the root of the repository
	Testable string `json:"testable"` // wire: the suite sees it; api: tests of a peer's code see it; none
	Why      string `json:"why,omitempty"`
	Since    string `json:"since"`
	Text     string `json:"text"`
}

// ParseRequirements reads a list of requirements and refuses a key that it does not know.
func ParseRequirements(b []byte) (*RequirementFile, error) {
	l := new(RequirementFile)
	if err := decodeStrict(b, l); err != nil {
		return nil, fmt.Errorf("requirements.json: %w", err)
	}
	return l, nil
}

// Encode writes the list in the form of the file: one space of indent, no HTML escapes, so that a refresh changes no line
// that says the same.
func (l *RequirementFile) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(l); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Requirements returns the embedded requirements in the order of the pages. They are shared: do not change them.
func Requirements() []Rule { return sharedRequirements().Requirements }

// Requirement finds an embedded requirement by its id.
func Requirement(id string) (Rule, bool) {
	return find(Requirements(), func(r Rule) bool { return r.ID == id })
}

var sharedRequirements = sync.OnceValue(func() *RequirementFile {
	l, err := ParseRequirements(requirementsJSON)
	if err != nil {
		panic(err)
	}
	return l
})
