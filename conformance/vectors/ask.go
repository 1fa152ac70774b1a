package vectors

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"handfast/conformance/driver"
	"handfast/testdata"
)

// input is what a parser is asked to parse.
type input struct {
	*testdata.Vector // op, turn, max_frame and before_ready
	b                []byte
	cuts             []int // ascending offsets; none for the whole
}

// args are the members of the request, apart from hex.
func (in *input) args() map[string]string {
	args := map[string]string{"what": in.Op}
	if in.Turn != "" {
		args["turn"] = in.Turn
	}
	if in.MaxFrame != 0 {
		args["max_frame"] = strconv.FormatUint(uint64(in.MaxFrame), 10)
	}
	if in.BeforeReady {
		args["before_ready"] = "true"
	}
	return args
}

// parser is what is judged.
type parser interface {
	decode(ctx context.Context, in *input) (driver.Answer, error)
	encode(ctx context.Context, v *Vector) (driver.Answer, error)
	claims(feature string) bool
	// window is how many questions may be asked at once.
	window() int
}

// running is a driver that runs on.
type running struct{ *driver.Process }

func (r running) decode(ctx context.Context, in *input) (driver.Answer, error) {
	args := in.args()
	args["hex"] = hex.EncodeToString(in.b)
	if len(in.cuts) > 0 {
		args["cuts"] = cutList(in.cuts)
	}
	return r.Do(ctx, driver.Request{Op: driver.OpDecode, Args: args}, driver.KindAccept, driver.KindReject, driver.KindMore)
}

func (r running) encode(ctx context.Context, v *Vector) (driver.Answer, error) {
	args := (&input{Vector: v.Vector}).args()
	delete(args, "max_frame") // of the receiver
	delete(args, "before_ready")
	return r.Do(ctx, driver.Request{Op: driver.OpEncode, Args: args, Value: v.Value}, driver.KindBytes)
}

func (r running) claims(feature string) bool { return r.Claims(feature) }

func (r running) window() int {
	if r.Claims(driver.FeatureConcurrent) {
		return 32
	}
	return 1
}

func cutList(cuts []int) string {
	b := make([]byte, 0, 6*len(cuts))
	for i, at := range cuts {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(at), 10)
	}
	return string(b)
}

// oneShot starts the program anew for each input.
type oneShot struct{ command driver.Command }

// Exit codes of a program that is started for each input.
const (
	onceAccept      = 0
	onceReject      = 1
	onceMore        = 2
	onceUnsupported = 89
)

func (o oneShot) decode(ctx context.Context, in *input) (driver.Answer, error) {
	c := o.command
	args := in.args()
	c.Args = append(append([]string(nil), c.Args...), args["what"])
	for _, name := range []string{"turn", "max_frame", "before_ready"} {
		if value, ok := args[name]; ok {
			c.Args = append(c.Args, name+"="+value)
		}
	}
	out, err := driver.Once(ctx, c, in.b)
	if err != nil {
		return driver.Answer{}, err
	}
	return onceAnswer(out)
}

// onceAnswer reads exit code and stdout.
func onceAnswer(out driver.Output) (driver.Answer, error) {
	first, _, _ := bytes.Cut(out.Stdout, []byte("\n"))
	switch {
	case out.Exit.Signal != "":
	case out.Exit.Code == onceAccept:
		a := driver.Answer{Kind: driver.KindAccept}
		if text := bytes.TrimSpace(out.Stdout); len(text) > 0 {
			if !json.Valid(text) {
				return a, &driver.Fault{Reason: driver.Junk, Op: driver.OpDecode, Text: "it accepts, and its stdout is no JSON value", Stderr: out.Stderr}
			}
			a.Value = text
		}
		return a, nil
	case out.Exit.Code == onceReject:
		a := driver.Answer{Kind: driver.KindReject}
		if words := strings.Fields(string(first)); len(words) > 0 {
			a.Code = words[0]
			if len(words) > 1 {
				a.Scope = words[1]
			}
		}
		return a, nil
	case out.Exit.Code == onceMore:
		return driver.Answer{Kind: driver.KindMore}, nil
	case out.Exit.Code == onceUnsupported:
		return driver.Unsupported(), nil
	}
	return driver.Answer{}, &driver.Fault{Reason: driver.Died, Op: driver.OpDecode, Text: out.Exit.String(), Exit: &out.Exit, Stderr: out.Stderr}
}

func (o oneShot) encode(context.Context, *Vector) (driver.Answer, error) {
	return driver.Answer{}, fmt.Errorf("a one-shot program is not asked to encode")
}

func (o oneShot) claims(string) bool { return false }
func (o oneShot) window() int        { return 1 }
