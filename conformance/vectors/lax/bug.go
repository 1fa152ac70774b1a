package lax

import (
	"context"
	"slices"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// bug is one way to be wrong.
type bug struct {
	conformance.Mutant

	// make gives what a driver with the bug does, and is called once for each: what the functions share is its state.
	make func() twist
}

// twist changes answers. A nil function changes nothing. It is called by one goroutine at a time.
type twist struct {
	item   func(item gocodec.Item) gocodec.Item                       // what is parsed in place of what was asked
	decode func(item gocodec.Item, right driver.Answer) driver.Answer // of the item that was asked
	encode func(r driver.Request, right driver.Answer) driver.Answer
	reset  func()
}

// decodes makes a bug without a state.
func decodes(name, req, doc string, decode func(item gocodec.Item, right driver.Answer) driver.Answer) bug {
	return bug{conformance.Mutant{Name: name, Req: req, Doc: doc}, func() twist { return twist{decode: decode} }}
}

// Lab holds the bugs. It is immutable.
type Lab struct{ bugs []bug }

// New makes the bugs. The error is that of vectors which cannot be read.
func New() (*Lab, error) {
	files, err := testdata.Load()
	if err != nil {
		return nil, err
	}
	var all []testdata.Vector
	for i := range files {
		all = append(all, files[i].Vectors...)
	}
	return &Lab{slices.Concat(
		overlooks(all), answers(all), values(all), numbers(), texts(), endings(), pieces(), memories(), checks(), encodings(), manners(),
	)}, nil
}

// Mutants lists the bugs.
func (l *Lab) Mutants() []conformance.Mutant {
	list := make([]conformance.Mutant, len(l.bugs))
	for i := range l.bugs {
		list[i] = l.bugs[i].Mutant
	}
	return list
}

// Bugs lists them as a driver does.
func (l *Lab) Bugs() []driver.Bug {
	list := make([]driver.Bug, len(l.bugs))
	for i, b := range l.bugs {
		list[i] = driver.Bug{Name: b.Name, Req: b.Req, Doc: b.Doc}
	}
	return list
}

// Program gives a driver of the role codec with the bug of a name, or without one for "". What a bug remembers belongs to that driver.
func (l *Lab) Program(name string) (program driver.Program, ok bool) {
	program = gocodec.Program("lax")
	if name == "" {
		return program, true
	}
	for i := range l.bugs {
		if l.bugs[i].Name == name {
			t := l.bugs[i].make()
			program.Handle = func(_ context.Context, r driver.Request) driver.Answer { return t.handle(r) }
			return program, true
		}
	}
	return program, false
}

// handle answers with the bug.
func (t *twist) handle(r driver.Request) driver.Answer {
	switch r.Op {
	case driver.OpReset:
		if t.reset != nil {
			t.reset()
		}
	case driver.OpDecodes:
		return gocodec.Many(r, t.handle)
	case driver.OpDecode:
		item, refusal := gocodec.ItemOf(r)
		if refusal != nil {
			return *refusal
		}
		parsed := item
		if t.item != nil {
			parsed = t.item(item)
		}
		right := gocodec.Decode(parsed)
		if t.decode != nil {
			return t.decode(item, right)
		}
		return right
	case driver.OpEncode:
		if right := gocodec.Handle(r); t.encode != nil {
			return t.encode(r, right)
		}
	}
	return gocodec.Handle(r)
}
