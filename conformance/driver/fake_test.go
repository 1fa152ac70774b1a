package driver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// runAsFake makes the test binary be a driver with the vice that it names.
const runAsFake = "HANDFAST_TEST_AS_DRIVER"

func TestMain(m *testing.M) {
	if vice := os.Getenv(runAsFake); vice != "" {
		fake(vice)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// command starts the fake driver.
func command(vice string) Command {
	return Command{Args: []string{os.Args[0]}, Env: []string{runAsFake + "=" + vice}, Timeout: 5 * time.Second}
}

// impatient is command with a short timeout, for what never answers.
func impatient(vice string) Command {
	c := command(vice)
	c.Timeout = 300 * time.Millisecond
	return c
}

var honest = Program{
	Hello: Answer{Impl: "fake", Version: "1", Roles: []string{RoleCodec}, Spec: []string{"1"}, Features: []string{FeatureCuts}},
	Handle: func(ctx context.Context, r Request) Answer {
		switch r.Op {
		case OpDecode:
			return Answer{Kind: KindAccept, Value: json.RawMessage(`{"hex":"` + r.Args["hex"] + `"}`), Consumed: "1"}
		case OpReset:
			return OK()
		case OpWait:
			<-ctx.Done()
			return Answer{Kind: KindEnded}
		}
		return Unsupported()
	},
}

// fake is a driver that answers hello and then misbehaves at decode.
func fake(vice string) {
	switch vice {
	case "honest":
		_ = Serve(context.Background(), os.Stdin, os.Stdout, honest)
		return
	case "concurrent":
		program := honest
		program.Hello.Features = []string{FeatureConcurrent}
		program.Concurrent = true
		_ = Serve(context.Background(), os.Stdin, os.Stdout, program)
		return
	case "env":
		fmt.Fprintln(os.Stderr, os.Getenv(BugEnv))
		os.Exit(4)
	case "dies at start":
		fmt.Fprintln(os.Stderr, "no such thing as a library")
		os.Exit(3)
	case "prints at start":
		fmt.Println("Welcome!")
	case "reads nothing":
		select {}
	case "closes stdout at start":
		_ = os.Stdout.Close()
		select {}
	case "floods at start":
		for {
			fmt.Println(strings.Repeat("x", 1000))
		}
	case "once":
		b, _ := io.ReadAll(os.Stdin)
		fmt.Print(string(b))
		fmt.Fprintf(os.Stderr, "%d bytes\n", len(b))
		os.Exit(89)
	case "acceptor without address":
		fmt.Println(`{"ready": {"addr": "localhost"}}`)
	case "acceptor of a huge line":
		fmt.Println(strings.Repeat("x", maxReady+2))
	}
	if strings.HasPrefix(vice, "acceptor") {
		acceptor(vice)
		return
	}
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			break
		}
		var r Request
		_ = json.Unmarshal(line, &r)
		misbehave(vice, r)
	}
	switch vice {
	case "ignores the end of stdin":
		signal.Ignore(syscall.SIGTERM)
		select {}
	case "ends badly":
		os.Exit(7)
	}
}

// acceptor is a program that says that it listens.
func acceptor(vice string) {
	signal.Ignore(syscall.SIGTERM) // so that the end of stdin is what ends it
	fmt.Println(`{"ready": {"addr": "127.0.0.1:7400", "tls_addr": "127.0.0.1:7401"}}`)
	fmt.Println("printed behind the line")
	fmt.Fprintln(os.Stderr, "serving")
	switch vice {
	case "acceptor that dies":
		fmt.Fprintln(os.Stderr, "panic: nil")
		os.Exit(3)
	case "acceptor that ignores SIGTERM":
		select {}
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	fmt.Fprintln(os.Stderr, "stdin ended")
}

func misbehave(vice string, r Request) {
	say := func(a Answer) {
		a.ID = r.ID
		b, _ := json.Marshal(a)
		fmt.Printf("%s\n", b)
	}
	if r.Op == OpHello {
		a := honest.Hello
		a.Kind, a.Driver = KindHello, Version
		if vice == "another version" {
			a.Driver = "9"
		}
		if vice == "another spec" {
			a.Spec = []string{"7"}
		}
		say(a)
		return
	}
	if r.Op != OpDecode {
		if r.Op == OpBye && vice == "answers bye twice" {
			say(OK())
		}
		say(OK())
		return
	}
	good := Answer{Kind: KindAccept}
	switch vice {
	case "prints junk":
		fmt.Println("decoding\x1b[31m " + strings.Repeat("x", 500))
	case "prints another JSON":
		fmt.Println(`[1, 2]`)
	case "prints numbers":
		fmt.Printf(`{"id":%q,"answer":"accept","consumed":3}`+"\n", r.ID)
	case "no kind":
		fmt.Printf(`{"id":%q}`+"\n", r.ID)
	case "hangs":
		fmt.Fprintln(os.Stderr, "thinking")
		select {}
	case "dies":
		fmt.Fprintln(os.Stderr, "panic: index out of range")
		os.Exit(2)
	case "is killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "dies after answering":
		say(good)
		os.Exit(2)
	case "dies within a line":
		fmt.Printf(`{"id":%q,"ans`, r.ID)
		os.Exit(2)
	case "floods stdout":
		for {
			fmt.Println(strings.Repeat("x", 1000))
		}
	case "floods stdout without a line":
		for {
			fmt.Print(strings.Repeat("x", 1000))
		}
	case "floods stderr":
		for range 5000 {
			fmt.Fprintln(os.Stderr, strings.Repeat("y", 1000))
		}
		say(good)
	case "another id":
		r.ID = "no-such-id"
		say(good)
	case "answers twice":
		say(good)
		say(good)
	case "a huge line":
		good.Value = json.RawMessage(`"` + strings.Repeat("z", MaxAnswer) + `"`)
		say(good)
	case "a large line":
		good.Value = json.RawMessage(`"` + strings.Repeat("z", MaxAnswer-100) + `"`)
		say(good)
	case "closes stdout":
		_ = os.Stdout.Close()
		select {}
	case "closes stdin":
		_ = os.Stdin.Close()
		say(good)
		select {}
	case "another kind":
		say(Answer{Kind: KindBytes})
	case "says broken":
		say(Brokenf("no parser is linked"))
	case "leaves a child":
		leave(&syscall.SysProcAttr{})
		os.Exit(2)
	default:
		say(good)
	}
}

// leave starts a process that holds the pipes and outlives this one.
func leave(attr *syscall.SysProcAttr) {
	cmd := exec.Command("sleep", "1000")
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = os.Stdin, os.Stdout, os.Stderr, attr
	_ = cmd.Start()
	_, _ = io.Copy(os.Stderr, bytes.NewReader(fmt.Appendf(nil, "child %d\n", cmd.Process.Pid)))
}
