package fuzz

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/conformance/vectors"
	"handfast/testdata"
)

// Class is how an answer differs.
type Class string

// The classes.
const (
	Crash    Class = "crash"    // the driver died
	Hang     Class = "hang"     // no answer in time
	Broken   Class = "broken"   // the parser failed in another way than by refusing, or the driver did not answer as drivers do
	Verdict  Class = "verdict"  // accept, reject or more in place of another one, or another code or scope
	Value    Class = "value"    // the decoded form
	Consumed Class = "consumed" // the bytes consumed
	Weak     Class = "weak"     // a refusal without code or scope
	Cut      Class = "cut"      // right as a whole, and not in pieces
	History  Class = "history"  // right by itself, and not behind other inputs
	Memory   Class = "memory"   // far more memory than input
	Leak     Class = "leak"     // memory that is not given back
	Slow     Class = "slow"     // far longer than other inputs of the size
	Oracle   Class = "oracle"   // the codec of this binary contradicts itself
)

// verdict gives the suite's word for a class.
func (c Class) verdict() conformance.Verdict {
	switch c {
	case Crash:
		return conformance.Crash
	case Hang, Slow:
		return conformance.Timeout
	case Weak:
		return conformance.Weak
	}
	return conformance.Fail
}

// difference is one answer that is not the one that it should be.
type difference struct {
	class            Class
	expected, actual string
	cause            string // what differences of one cause have in common
	req              string // that the reference names, or ""
}

// key groups differences by their cause.
func (d *difference) key(c context) string {
	return strings.Join([]string{string(d.class), c.what, c.turn, d.cause}, "|")
}

// inPieces makes it a difference that is there in pieces alone.
func (d *difference) inPieces() {
	d.expected, d.cause, d.class = "the same in pieces as in one: "+d.expected, string(d.class)+" "+d.cause, Cut
}

// want is the right answer.
func want(in *input) driver.Answer {
	whole := *in
	whole.cuts = nil
	return gocodec.Decode(whole.item())
}

// compare holds an answer to the right one; nil where it is right, or unsupported.
func compare(in *input, want driver.Answer, got *answer) *difference {
	if got.fault != nil {
		return ofFault(want, got.fault)
	}
	if got.Kind == driver.KindUnsupported || want.Kind == driver.KindUnsupported {
		return nil
	}
	d := compareWhole(in, want, got)
	if d != nil {
		d.expected, d.req = said(want), want.Req
		if d.actual == "" {
			d.actual = said(got.Answer)
		}
		if d.class != Weak && want.Kind == driver.KindReject {
			d.cause += " " + want.Req
		}
	}
	return d
}

func compareWhole(in *input, want driver.Answer, got *answer) *difference {
	if want.Kind == driver.KindBroken {
		return &difference{class: Oracle, cause: want.Text}
	}
	if want.Kind != got.Kind {
		// A body is given whole, so that one which is cut off is at fault (MP-013); its reader may as well wait.
		if in.what == testdata.OpMsgpack && want.Req == "MP-013" && got.Kind == driver.KindMore {
			return nil
		}
		if want.Kind == driver.KindReject {
			return &difference{class: Verdict, cause: "not"} // and the rule, below
		}
		return &difference{class: Verdict, cause: said(want) + " as " + said(got.Answer) + " " + bounded(got.Req)}
	}
	switch want.Kind {
	case driver.KindReject:
		switch {
		case got.Code != "" && got.Code != want.Code, got.Scope != "" && got.Scope != want.Scope:
			return &difference{class: Verdict, cause: "not"}
		case got.Code == "" || got.Scope == "":
			return &difference{class: Weak}
		}
	case driver.KindAccept:
		if text := vectors.Difference(want.Value, got.Value); text != "" && !emptyText.MatchString(text) {
			return &difference{class: Value, actual: text, cause: placeOf(in, text)}
		}
		if got.Consumed != want.Consumed {
			return &difference{class: Consumed, actual: "accept that has consumed " + bounded(got.Consumed) + " bytes, and not " + want.Consumed, cause: consumedBy(want.Consumed, got.Consumed)}
		}
	}
	return nil
}

// consumedBy groups wrong counts by how far they are off.
func consumedBy(want, got string) string {
	w, _ := strconv.Atoi(want)
	g, err := strconv.Atoi(got)
	if err != nil {
		return "no number"
	}
	if d := g - w; d >= -4 && d <= 4 {
		return strconv.Itoa(d)
	} else if d < 0 {
		return "less"
	}
	return "more"
}

// emptyText is the difference between an optional text that is absent and one that is empty, which mean the same.
var emptyText = regexp.MustCompile(`^value\.(text|name|sw|cluster_name) (should not be there|is missing, and should be "")$`)

var (
	position = regexp.MustCompile(`\[\d+\]`)
	digits   = regexp.MustCompile(`0x[0-9a-fA-F]+|[0-9a-f]*\d[0-9a-f]*`)
)

// placeOf takes from the text of a difference what depends on the input: positions in arrays, and values.
func placeOf(in *input, text string) string {
	place, rest, _ := strings.Cut(text, " ")
	if in.what == testdata.OpMsgpack { // keys are the peer's
		place = place[strings.LastIndexAny(place, ".]")+1:]
		if place != "int" && place != "bin" && place != "map" {
			place = "value"
		}
		return place
	}
	verb, _, _ := strings.Cut(rest, " ")
	place = position.ReplaceAllString(place, "[]")
	if parts := strings.SplitN(place, ".", 3); len(parts) == 3 { // keys inside are the peer's, and may have spaces in them
		return parts[0] + "." + parts[1] + " inside"
	}
	return digits.ReplaceAllString(place, "#") + " " + verb
}

// ofFault makes the difference of a driver that did not answer.
func ofFault(want driver.Answer, f *driver.Fault) *difference {
	d := &difference{class: Broken, expected: said(want), req: want.Req, actual: f.Error(), cause: lastWords(f)}
	switch f.Reason {
	case driver.Died, driver.Closed:
		d.class = Crash
	case driver.Hung:
		d.class, d.actual, d.cause = Hang, "no answer in time", ""
	case driver.Broken:
		first, _, _ := strings.Cut(f.Text, `\n`)
		d.cause = digits.ReplaceAllString(bounded(first), "#")
	case driver.Junk, driver.WrongKind, driver.TooLong, driver.WrongID:
		d.cause = string(f.Reason)
	}
	return d
}

// lastWords gives what tells one crash from another: the last line of stderr that says anything, without numbers, or how the process ended.
func lastWords(f *driver.Fault) string {
	lines := strings.Split(strings.TrimSpace(f.Stderr), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		text := strings.TrimSpace(lines[i])
		if strings.Contains(text, "rror") || strings.Contains(text, "panic") || strings.Contains(text, "ERROR") {
			return digits.ReplaceAllString(bounded(text), "#")
		}
	}
	return f.Exit.String()
}

// bounded makes a text of a driver fit to be shown.
func bounded(text string) string {
	const most = 100
	quoted := strconv.QuoteToASCII(text)
	quoted = quoted[1 : len(quoted)-1]
	if len(quoted) > most {
		return quoted[:most]
	}
	return quoted
}

// said gives an answer in words.
func said(a driver.Answer) string {
	text := bounded(a.Kind)
	if a.Code != "" {
		text += " with " + bounded(a.Code)
	}
	if a.Scope != "" {
		text += fmt.Sprintf(" of the %s", bounded(a.Scope))
	}
	return text
}
