package testdata

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// Check reports everything that is wrong with a set of files, joined.
func Check(files []File) error {
	c := checker{
		byID:   map[string]*Vector{},
		inputs: map[string]string{},
		slug:   regexp.MustCompile(`^([a-z]+)/[a-z0-9]+(?:-[a-z0-9]+)*$`),
		code:   regexp.MustCompile(`^[A-Z][A-Z_]*$`),
		req:    regexp.MustCompile(`^[A-Z]+-[0-9]{3}$`),
	}
	for i := range files {
		for j := range files[i].Vectors {
			v := &files[i].Vectors[j]
			if c.byID[v.ID] != nil {
				c.fault(v, "the id occurs twice")
			}
			c.byID[v.ID] = v
		}
	}
	for i := range files {
		if len(files[i].Vectors) == 0 {
			c.faults = append(c.faults, fmt.Errorf("area %q has no vectors", files[i].Area))
		}
		for j := range files[i].Vectors {
			c.vector(files[i].Area, &files[i].Vectors[j])
		}
	}
	return errors.Join(c.faults...)
}

type checker struct {
	byID   map[string]*Vector
	inputs map[string]string // what a parser gets -> id
	faults []error

	slug, code, req *regexp.Regexp // the forms of an id, of a code's name and of a requirement
}

func (c *checker) fault(v *Vector, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s: %s", v.ID, fmt.Sprintf(format, args...)))
}

func (c *checker) vector(area string, v *Vector) {
	if parts := c.slug.FindStringSubmatch(v.ID); parts == nil || parts[1] != area {
		c.fault(v, "an id is %s/words-with-hyphens", area)
	}
	if v.Title == "" || v.Why == "" || len(v.Req) == 0 {
		c.fault(v, "title, why and req are required")
	}
	for _, id := range v.Req {
		if !c.req.MatchString(id) {
			c.fault(v, "%q is no id of a requirement", id)
		}
	}
	in, err := v.bytes()
	if err != nil {
		c.fault(v, "in is not hexadecimal: %v", err)
	}
	key := fmt.Sprint(v.Op, v.Turn, v.Limit(), v.BeforeReady, string(in))
	if other := c.inputs[key]; other != "" {
		c.fault(v, "the same input as %s", other)
	}
	c.inputs[key] = v.ID
	c.context(v)
	switch v.Verdict {
	case Accept:
		if v.Value == nil || v.Error != nil || v.Twin != "" {
			c.fault(v, "an accept has a value, and neither error nor twin")
		}
	case Reject:
		c.reject(v, len(in))
	default:
		c.fault(v, "unknown verdict %q", v.Verdict)
	}
}

// context checks the members that only one op has.
func (c *checker) context(v *Vector) {
	if !slices.Contains([]string{OpMsgpack, OpOpening, OpFrame, OpCall}, v.Op) {
		c.fault(v, "unknown op %q", v.Op)
	}
	if v.Op != OpFrame && (v.MaxFrame != 0 || v.BeforeReady) {
		c.fault(v, "max_frame and before_ready are for frames")
	}
	if turns := []string{TurnRequest, TurnArg, TurnReply}; (v.Op == OpCall) != slices.Contains(turns, v.Turn) {
		c.fault(v, "turn is for calls, and is request, arg or reply")
	}
}

func (c *checker) reject(v *Vector, size int) {
	if v.Error == nil || v.Value != nil || v.Noncanonical {
		c.fault(v, "a reject has an error, and neither value nor noncanonical")
		return
	}
	e := v.Error
	if e.Scope != "link" && e.Scope != "stream" {
		c.fault(v, "unknown scope %q", e.Scope)
	}
	if !c.code.MatchString(e.Code) {
		c.fault(v, "%q is no name of an error code", e.Code)
	}
	if e.Req != "" && (!c.req.MatchString(e.Req) || !slices.Contains(v.Req, e.Req)) {
		c.fault(v, "the requirement of the error, %q, is not in req", e.Req)
	}
	if e.At < 0 || e.At > size {
		c.fault(v, "at %d lies outside the %d bytes of in", e.At, size)
	}
	switch twin := c.byID[v.Twin]; {
	case twin == nil:
		c.fault(v, "there is no twin %q", v.Twin)
	case twin.Verdict != Accept || twin.Op != v.Op || twin.Turn != v.Turn:
		c.fault(v, "the twin %s is not an accept of the same op and turn", v.Twin)
	case twin.Limit() != v.Limit() || twin.BeforeReady != v.BeforeReady:
		c.fault(v, "the twin %s goes to a receiver in another state", v.Twin)
	}
}
