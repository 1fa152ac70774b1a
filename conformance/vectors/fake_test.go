package vectors

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// runAsFake makes the test binary be a driver, or with once a program for one input, with the vice that it names.
const runAsFake = "HANDFAST_TEST_AS_PARSER"

func TestMain(m *testing.M) {
	switch vice, once := os.Getenv(runAsFake), len(os.Args) > 1 && os.Args[1] == "once"; {
	case vice == "":
		goleak.VerifyTestMain(m)
	case once:
		os.Exit(oneInput(vice, os.Args[2:]))
	default:
		program := vicious(vice)
		_ = driver.Serve(context.Background(), os.Stdin, os.Stdout, program)
		if vice == "lingers" {
			select {}
		}
		os.Exit(0)
	}
}

func command(vice string, args ...string) driver.Command {
	return driver.Command{Args: append([]string{os.Args[0]}, args...), Env: []string{runAsFake + "=" + vice}}
}

// altered is a parser that answers some items in another way.
func altered(change func(item gocodec.Item, right driver.Answer) driver.Answer) driver.Program {
	program := gocodec.Program("test")
	program.Handle = func(_ context.Context, r driver.Request) driver.Answer {
		if r.Op != driver.OpDecode {
			return gocodec.Handle(r)
		}
		item, refusal := gocodec.ItemOf(r)
		if refusal != nil {
			return *refusal
		}
		return change(item, gocodec.Decode(item))
	}
	return program
}

// always is a parser that has one answer to all that it can be asked.
func always(a driver.Answer) driver.Program {
	return altered(func(item gocodec.Item, _ driver.Answer) driver.Answer {
		out := a
		if a.Kind == driver.KindAccept {
			out.Consumed = fmt.Sprint(len(item.Bytes))
		}
		return out
	})
}

// rejects changes the refusals.
func rejects(change func(item gocodec.Item, right driver.Answer) driver.Answer) driver.Program {
	return altered(func(item gocodec.Item, right driver.Answer) driver.Answer {
		if right.Kind != driver.KindReject {
			return right
		}
		return change(item, right)
	})
}

// vicious gives a driver by what is wrong with it.
func vicious(vice string) driver.Program {
	program := gocodec.Program("test")
	switch vice {
	case "accepts everything":
		return always(driver.Answer{Kind: driver.KindAccept, Value: json.RawMessage(`{}`)})
	case "rejects everything":
		return always(driver.Answer{Kind: driver.KindReject, Code: "ENCODING", Scope: "link"})
	case "supports nothing":
		return always(driver.Unsupported())
	case "always wants more":
		return always(driver.Answer{Kind: driver.KindMore})
	case "is broken":
		return always(driver.Brokenf("out of order"))
	case "mute":
		program.Handle = func(ctx context.Context, _ driver.Request) driver.Answer {
			<-ctx.Done()
			return driver.OK()
		}
	case "knows every op":
		program.Handle = func(context.Context, driver.Request) driver.Answer { return driver.OK() }
	case "knows every what":
		program.Handle = func(_ context.Context, r driver.Request) driver.Answer {
			if r.Op == driver.OpDecode {
				return driver.Answer{Kind: driver.KindAccept}
			}
			return driver.Unsupported()
		}
	case "cannot reset":
		program.Handle = func(_ context.Context, r driver.Request) driver.Answer {
			if r.Op == driver.OpReset {
				return driver.Unsupported()
			}
			return gocodec.Handle(r)
		}
	case "is a dialer":
		program.Hello.Roles = []string{driver.RoleDialer}
	case "says no reason":
		return rejects(func(gocodec.Item, driver.Answer) driver.Answer { return driver.Answer{Kind: driver.KindReject} })
	case "knows frames alone":
		return altered(func(item gocodec.Item, right driver.Answer) driver.Answer {
			if item.What != testdata.OpFrame {
				return driver.Unsupported()
			}
			return right
		})
	case "picks":
		return altered(func(item gocodec.Item, right driver.Answer) driver.Answer {
			if right.Req == "MP-003" {
				return driver.Unsupported()
			}
			return right
		})
	case "takes any header checksum":
		return rejects(func(item gocodec.Item, right driver.Answer) driver.Answer {
			if right.Req == "FRAME-001" && len(item.Bytes) > 16 && item.Bytes[12] != 0xC7 { // the canary's
				return driver.Answer{Kind: driver.KindAccept, Value: json.RawMessage(`{}`), Consumed: "1"}
			}
			return right
		})
	case "dies of BEAT":
		return altered(func(item gocodec.Item, right driver.Answer) driver.Answer {
			if strings.Contains(string(right.Value), `"PONG"`) {
				fmt.Fprintln(os.Stderr, "panic: PONG")
				os.Exit(2)
			}
			return right
		})
	case "hangs at BEAT":
		return altered(func(item gocodec.Item, right driver.Answer) driver.Answer {
			if strings.Contains(string(right.Value), `"PONG"`) {
				fmt.Fprintln(os.Stderr, "thinking about PONG")
				select {}
			}
			return right
		})
	case "concurrent":
		program.Concurrent = true
		program.Hello.Features = append(program.Hello.Features, driver.FeatureConcurrent)
	}
	return program
}

// oneInput is a program for one input: it reads its stdin and answers by its exit code.
func oneInput(vice string, args []string) int {
	in, _ := io.ReadAll(os.Stdin)
	item := gocodec.Item{What: args[0], Bytes: in, MaxFrame: testdata.DefaultMaxFrame}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "turn":
			item.Turn = value
		case "max_frame":
			_, _ = fmt.Sscan(value, &item.MaxFrame)
		case "before_ready":
			item.BeforeReady = value == "true"
		}
	}
	if vice == "accepts everything" {
		return 0
	}
	a := gocodec.Decode(item)
	switch a.Kind {
	case driver.KindAccept:
		if vice == "prints junk" {
			fmt.Println("accepted!")
		} else if vice != "terse" {
			fmt.Printf("%s\n", a.Value)
		}
		return 0
	case driver.KindReject:
		switch vice {
		case "terse":
			return 1
		case "panics":
			fmt.Fprintln(os.Stderr, "panic: index out of range")
			return 101
		}
		fmt.Printf("%s %s\n", a.Code, a.Scope)
		return 1
	case driver.KindMore:
		return 2
	}
	return 89
}
