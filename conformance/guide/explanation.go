package guide

// Explanation is what is known about one name. Which members it has depends on Kind; absent ones are left out.
type Explanation struct {
	Kind  string `json:"kind"` // requirement, choice, case, vector, frame, opening, message, error, limit, mutant, chapter, page
	ID    string `json:"id"`
	Title string `json:"title"` // of a requirement its sentence

	Rule      *RuleFacts  `json:"rule,omitempty"`      // requirement, choice
	Rules     []Quote     `json:"rules,omitempty"`     // the sentences that it is about, or that are about it
	Why       []Reason    `json:"why,omitempty"`       // reasons of the page, or of the vector
	Layouts   []Layout    `json:"layouts,omitempty"`   // what it speaks about, as it looks on the wire
	Answers   *Layout     `json:"answers,omitempty"`   // the error codes that it names
	States    []State     `json:"states,omitempty"`    // chapter 16
	Mentions  []Mention   `json:"mentions,omitempty"`  // where else the pages name it
	Choices   []Quote     `json:"choices,omitempty"`   // permitted choices that touch it
	Cases     []Ref       `json:"cases,omitempty"`     // that judge it
	Vectors   []Ref       `json:"vectors,omitempty"`   // that are about it
	Mutants   []Ref       `json:"mutants,omitempty"`   // test peers that break it
	Level     int         `json:"level,omitempty"`     // case, vector: step of SPEC.md chapter 3
	Context   []string    `json:"context,omitempty"`   // vector: in which state the receiver is
	Bytes     *Comparison `json:"bytes,omitempty"`     // a vector beside its twin
	Exchanges []Exchange  `json:"exchanges,omitempty"` // case: what goes over its links
	Text      string      `json:"text,omitempty"`      // chapter, page: all of it
	Again     []string    `json:"again,omitempty"`     // commands
}

// RuleFacts are the columns of requirements.json, with the place.
type RuleFacts struct {
	Level    string `json:"level"`
	Role     string `json:"role"`
	Profile  string `json:"profile"`
	Tested   string `json:"tested"`            // wire, api or none
	WhyNot   string `json:"why_not,omitempty"` // why the wire does not show it
	Link     string `json:"link"`
	Chapter  string `json:"chapter"`
	Line     int    `json:"line"`
	Sentence string `json:"sentence"`
}

// Quote is a sentence of the pages.
type Quote struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Link string `json:"link"`
}

// Reason is why something is as it is.
type Reason struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Mention is a line of the pages that names something.
type Mention struct {
	Chapter string `json:"chapter"`
	Link    string `json:"link"`
	Text    string `json:"text"`
}
