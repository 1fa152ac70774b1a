package formats

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handfast/spec"
)

// part is one field of a message of a sub-protocol, with what the registry's text says about its size and value. The text is the only place where
// these stand, so that it has a fixed form:
//
//	integers         "..., 1 to 1,024" (least and greatest value), "0 SAME, 1 PARTS" (names of values, and there are no others)
//	field flags      "01 ALL: what it means; 02 ROOT; other bits sent 0, ignored"
//	size of another  "bytes of key, ..." and "half bytes of the prefix, ...": the integer is the size of the field of that name
//	size             "with COUNTS, 60 bytes..." (and without the flag none), "hops cluster ids of 16 bytes, ..." (so many times 16)
//	rest             "at most 1,024 bytes", "..., 24 bytes each", "at least one, ..."
//	rule             "as OBJ-017 says": the requirement that a wrong value breaks; of a size it is that of the field
//	meaning          "as asked": as of the field of the same name in an earlier message
type part struct {
	spec.Field
	text   string // Doc, or that of the field that it refers to
	ID     string // Name, with a number where the name stands twice in the message
	By     string // ID of the integer that gives the size
	Unit   int    // bytes for each of By; 0: By counts half bytes
	With   *bit   // the flag without which there is no such field; Size is the size with it
	Least  *int   // value of an integer; elements, or bytes where Each is 0, of what has no fixed size
	Most   *int
	Each   int // bytes of each element
	Bits   []bit
	Values []named
	Rule   string
	Inner  []part           // of one element, or of all of it
	Forms  map[string]inner // by the name of the value that chooses it
	Chosen string           // ID of the integer that chooses one of Forms
}

type bit struct {
	Name  string
	Value int
	Doc   string
}

type named struct {
	Name  string
	Value int
}

// inner is what a field holds: elements of these parts, a number of them or as many as there are (Count -1).
type inner struct {
	Count int
	Parts []part
}

var (
	bitText   = regexp.MustCompile(`^([0-9A-F]{2}) ([A-Z_]+)(?:: (.*))?$`)
	valueText = regexp.MustCompile(`^\d+ [A-Za-z-]+(, \d+ [A-Za-z-]+)*$`)
	rangeText = regexp.MustCompile(`(?:^|, )([\d,]+) to ([\d,]+)$`)
	mostText  = regexp.MustCompile(`, at most ([\d,]+) bytes$`)
	eachText  = regexp.MustCompile(`, (\d+) bytes each(?::|$)`)
	sizeText  = regexp.MustCompile(`^(half )?bytes of (?:the )?(\w+)\b`)
	withText  = regexp.MustCompile(`^with ([A-Z_]+), (\d+) bytes\b`)
	timesText = regexp.MustCompile(`^(\w+) [a-z ]+ of (\d+) bytes\b`)
	ruleText  = regexp.MustCompile(`\bas ([A-Z]+-\d{3}) says\b`)
)

const ignoredBits = "other bits sent 0, ignored"

// isInteger tells whether a field of this type is a number.
func isInteger(kind string) bool { return kind[0] == 'u' && kind != "utf8" || kind[0] == 'i' }

// layout gives the parts of a message.
func layout(p spec.Proto, m spec.Message) ([]part, error) {
	var list []part
	seen := map[string]int{}
	for _, f := range m.Fields {
		one := part{Field: f, ID: f.Name}
		if seen[f.Name]++; seen[f.Name] > 1 {
			one.ID = fmt.Sprintf("%s_%d", f.Name, seen[f.Name])
		}
		if err := one.read(meaning(p, f), list); err != nil {
			return nil, fmt.Errorf("%s of %s, field %s: %w", m.Name, p.Name, f.Name, err)
		}
		if err := one.fill(p.Name + "." + strings.ToLower(m.Name) + "." + f.Name); err != nil {
			return nil, fmt.Errorf("%s of %s, field %s: %w", m.Name, p.Name, f.Name, err)
		}
		for _, v := range one.values(list) {
			if _, ok := one.Forms[v.Name]; !ok {
				return nil, fmt.Errorf("%s of %s: nothing says what %s holds with %s", m.Name, p.Name, f.Name, v.Name)
			}
		}
		list = append(list, one)
	}
	for i := range list { // a wrong size breaks the rule of what it is the size of
		for _, other := range list {
			if other.By == list[i].ID && list[i].Rule == "" {
				list[i].Rule = other.Rule
			}
		}
		if one := list[i]; one.Size == nil && one.By == "" && i < len(list)-1 {
			return nil, fmt.Errorf("%s of %s: nothing says the size of %s", m.Name, p.Name, one.Name)
		}
	}
	return list, nil
}

// meaning is the text of a field, or that of the field that it refers to.
func meaning(p spec.Proto, f spec.Field) string {
	if f.Doc != "as asked" {
		return f.Doc
	}
	for _, m := range p.Messages {
		for _, other := range m.Fields {
			if other.Name == f.Name {
				return other.Doc
			}
		}
	}
	return f.Doc
}

// read takes what the text says. before are the parts before this one.
func (o *part) read(text string, before []part) (err error) {
	o.text = text
	if m := ruleText.FindStringSubmatch(text); m != nil {
		o.Rule = m[1]
	}
	if o.Name == "flags" {
		o.Bits, err = readBits(text)
		return err
	}
	if isInteger(o.Type) {
		if m := rangeText.FindStringSubmatch(text); m != nil {
			o.Least, o.Most = number(m[1]), number(m[2])
		}
		if valueText.MatchString(text) {
			for one := range strings.SplitSeq(text, ", ") {
				value, name, _ := strings.Cut(one, " ")
				o.Values = append(o.Values, named{name, *number(value)})
			}
		}
		return nil
	}
	if o.Size != nil {
		return nil
	}
	if m := withText.FindStringSubmatch(text); m != nil {
		o.Size = number(m[2])
		o.With = findBit(before, m[1])
		if o.With == nil {
			return fmt.Errorf("there is no flag %s", m[1])
		}
		return nil
	}
	for i := range before {
		size := &before[i]
		if m := timesText.FindStringSubmatch(text); m != nil && m[1] == size.Name && isInteger(size.Type) {
			o.By, o.Unit = size.ID, *number(m[2])
		}
		if m := sizeText.FindStringSubmatch(size.text); m != nil && isInteger(size.Type) && m[2] == o.Name {
			o.By, o.Unit = size.ID, 1
			if m[1] != "" {
				o.Unit = 0
			}
		}
	}
	if m := mostText.FindStringSubmatch(text); m != nil {
		o.Most = number(m[1])
	}
	if m := eachText.FindStringSubmatch(text); m != nil {
		o.Each = *number(m[1])
	}
	if strings.HasPrefix(text, "at least one, ") {
		one := 1
		o.Least = &one
	}
	return nil
}

// fill adds what is inside the field, which only the pages say.
func (o *part) fill(path string) error {
	want := 0
	for _, f := range inside[path] {
		want += *f.Size
	}
	if want > 0 && (o.Each > 0 && o.Each != want || o.With != nil && *o.Size != want || o.Unit > 1 && o.Unit != want) {
		return fmt.Errorf("another size than the %d bytes of what is known to be in it", want)
	}
	var err error
	if o.Inner, err = readInner(inside[path]); err != nil || formsOf[path] == nil {
		return err
	}
	o.Chosen, o.Forms = "form", map[string]inner{}
	for name, form := range formsOf[path] {
		parts, err := readInner(form.fields)
		if err != nil {
			return err
		}
		o.Forms[name] = inner{form.count, parts}
	}
	return nil
}

// readInner makes the parts of an element.
func readInner(fields []spec.Field) ([]part, error) {
	var list []part
	for _, f := range fields {
		one := part{Field: f, ID: f.Name}
		if err := one.read(f.Doc, list); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// values gives the values that choose what the field holds; none where there is no choice.
func (o *part) values(before []part) []named {
	for _, p := range before {
		if o.Chosen != "" && p.ID == o.Chosen {
			return p.Values
		}
	}
	return nil
}

func findBit(parts []part, name string) *bit {
	for i := range parts {
		if at := slices.IndexFunc(parts[i].Bits, func(b bit) bool { return b.Name == name }); at >= 0 {
			return &parts[i].Bits[at]
		}
	}
	return nil
}

// readBits reads the text of a field of flags.
func readBits(text string) ([]bit, error) {
	all := strings.Split(text, "; ")
	if len(all) < 2 || all[len(all)-1] != ignoredBits {
		return nil, fmt.Errorf("%q does not end with %q", text, ignoredBits)
	}
	var bits []bit
	for _, one := range all[:len(all)-1] {
		m := bitText.FindStringSubmatch(one)
		switch {
		case m != nil:
			value, err := strconv.ParseUint(m[1], 16, 8)
			if err != nil || value == 0 || value&(value-1) != 0 {
				return nil, fmt.Errorf("%s is not one bit", m[1])
			}
			bits = append(bits, bit{m[2], int(value), m[3]})
		case len(bits) > 0: // the text of the flag before goes on
			bits[len(bits)-1].Doc += "; " + one
		default:
			return nil, fmt.Errorf("%q does not begin with a flag", text)
		}
	}
	return bits, nil
}

// number reads digits with or without commas, which the expressions have let through.
func number(digits string) *int {
	n, err := strconv.Atoi(strings.ReplaceAll(digits, ",", ""))
	if err != nil {
		n = 0 // more than an int holds: no size that anything has
	}
	return &n
}
