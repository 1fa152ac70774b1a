package driver

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var decode = Request{Op: OpDecode, Args: map[string]string{"what": "frame", "hex": "00"}}

// asFault gives the fault of an error.
func asFault(t *testing.T, err error) *Fault {
	t.Helper()
	var f *Fault
	require.ErrorAs(t, err, &f)
	return f
}

func started(t *testing.T, c Command) *Process {
	t.Helper()
	p, err := Start(c)
	require.NoError(t, err)
	return p
}

func TestHonestDriver(t *testing.T) {
	for _, p := range []*Process{started(t, command("honest")), started(t, command("concurrent")), Pipe(honest)} {
		hello, err := p.SayHello(t.Context(), "1", "0.1.0")
		require.NoError(t, err)
		require.Equal(t, "fake", hello.Impl)
		for i := range 20 {
			hex := strconv.Itoa(10 + i)
			a, err := p.Do(t.Context(), Request{Op: OpDecode, Args: map[string]string{"hex": hex}}, KindAccept)
			require.NoError(t, err)
			require.JSONEq(t, `{"hex":"`+hex+`"}`, string(a.Value))
			require.Equal(t, "1", a.Consumed)
		}
		a, err := p.Do(t.Context(), Request{Op: "no-such-op"}, KindAccept)
		require.NoError(t, err, "unsupported always goes through")
		require.Equal(t, KindUnsupported, a.Kind)
		require.NoError(t, p.Close())
	}
}

func TestVicesOfDrivers(t *testing.T) {
	for _, tc := range []struct {
		vice   string
		reason Reason
		says   string // in the error
		stderr string
	}{
		{"dies at start", Died, "exit code 3", "no such thing"},
		{"prints at start", Junk, "Welcome!", ""},
		{"another version", Foreign, `driver is "9"`, ""},
		{"another spec", Foreign, "spec does not have", ""},
		{"prints junk", Junk, `decoding\x1b[31m`, ""},
		{"prints another JSON", Junk, "[1, 2]", ""},
		{"prints numbers", Junk, "consumed", ""},
		{"no kind", Junk, `no member \"answer\"`, ""},
		{"hangs", Hung, "no answer in time", "thinking"},
		{"reads nothing", Hung, "no answer in time", ""},
		{"dies", Died, "exit code 2", "index out of range"},
		{"is killed", Died, "by the signal killed", ""},
		{"dies within a line", Junk, "", ""},
		{"floods stdout", Junk, "xxx", ""},
		{"floods stdout without a line", TooLong, "4194304", ""},
		{"another id", WrongID, "what nobody asked", ""},
		{"a huge line", TooLong, "4194304", ""},
		{"closes stdout", Died, "closed its stdout", ""},
		{"another kind", WrongKind, "bytes", ""},
		{"says broken", Broken, "no parser", ""},
		{"leaves a child", Died, "exit code 2", "child"},
	} {
		t.Run(tc.vice, func(t *testing.T) {
			t.Parallel()
			c := command(tc.vice)
			if tc.reason == Hung {
				c = impatient(tc.vice)
			}
			p := started(t, c)
			_, err := p.SayHello(t.Context(), "1", "0.1.0")
			if err == nil {
				_, err = p.Do(t.Context(), decode, KindAccept)
			}
			f := asFault(t, err)
			require.Equal(t, tc.reason, f.Reason, err)
			require.Contains(t, err.Error(), strings.ReplaceAll(tc.says, `\"`, `"`))
			require.Contains(t, f.Stderr, tc.stderr)
			require.Less(t, len(err.Error()), 600)
			_ = p.Close()
			gone(t, p)
		})
	}
}

// gone wants that nothing runs of a process and its group. An orphan may be a zombie until the system collects it.
func gone(t *testing.T, p *Process) {
	t.Helper()
	pid := p.t.(childTransport).cmd.Process.Pid
	require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "the process is there, or was not waited for")
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		fields := strings.Fields(rest) // state, parent, group
		require.False(t, len(fields) > 2 && fields[2] == strconv.Itoa(pid) && fields[0] != "Z", "%s runs", name)
	}
}

func TestFaultIsSticky(t *testing.T) {
	p := started(t, command("dies"))
	_, err := p.Do(t.Context(), decode)
	first := asFault(t, err)
	_, err = p.Do(t.Context(), Request{Op: OpReset})
	again := asFault(t, err)
	require.Equal(t, first.Reason, again.Reason)
	require.Equal(t, 2, again.Exit.Code)
	require.Error(t, p.Close())
}

// What comes too late for the request that caused it is held against the driver all the same.
func TestLateFaults(t *testing.T) {
	for vice, reason := range map[string]Reason{
		"answers twice": WrongID, "answers bye twice": WrongID, "dies after answering": Died, "ignores the end of stdin": Lingers, "ends badly": Died,
		"closes stdin": Closed,
	} {
		t.Run(vice, func(t *testing.T) {
			t.Parallel()
			p := started(t, command(vice))
			_, err := p.Do(t.Context(), decode, KindAccept)
			require.NoError(t, err)
			require.Equal(t, reason, asFault(t, p.Close()).Reason)
			gone(t, p)
		})
	}
}

func TestLargeAnswerAndMuchStderr(t *testing.T) {
	p := started(t, command("a large line"))
	a, err := p.Do(t.Context(), decode, KindAccept)
	require.NoError(t, err)
	require.Greater(t, len(a.Value), MaxAnswer-200)
	require.NoError(t, p.Close())

	p = started(t, command("floods stderr"))
	_, err = p.Do(t.Context(), decode, KindAccept)
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.LessOrEqual(t, len(p.t.tail()), keptOutput+8)
}

func TestRequestOverTheBoundIsNotSent(t *testing.T) {
	p := Pipe(honest)
	_, err := p.Do(t.Context(), Request{Op: OpDecode, Args: map[string]string{"hex": strings.Repeat("00", MaxRequest/2)}})
	var long *RequestError
	require.ErrorAs(t, err, &long)
	_, err = p.Do(t.Context(), decode, KindAccept)
	require.NoError(t, err, "the driver goes on")
	require.NoError(t, p.Close())
}

func TestSerialDriverIsAskedOneThingAtATime(t *testing.T) {
	var mu sync.Mutex
	busy := false
	program := honest
	program.Handle = func(ctx context.Context, r Request) Answer {
		free := mu.TryLock()
		if free {
			runtime.Gosched()
			mu.Unlock()
		}
		busy = busy || !free
		return OK()
	}
	program.Concurrent = true // the loop would take more
	p := Pipe(program)
	var asking sync.WaitGroup
	for range 50 {
		asking.Go(func() {
			_, err := p.Do(t.Context(), decode, KindOK)
			require.NoError(t, err)
		})
	}
	asking.Wait()
	require.False(t, busy)
	require.NoError(t, p.Close())
}

func TestConcurrentDriverAnswersInAnyOrder(t *testing.T) {
	p := started(t, command("concurrent"))
	_, err := p.SayHello(t.Context(), "1", "0.1.0")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var waiting sync.WaitGroup
	waiting.Go(func() { // one request hangs, and only that one
		_, err := p.Do(ctx, Request{Op: OpWait})
		require.Equal(t, Hung, asFault(t, err).Reason)
	})
	for range 20 {
		_, err := p.Do(t.Context(), decode, KindAccept)
		require.NoError(t, err)
	}
	waiting.Wait()
	_, err = p.Do(t.Context(), decode, KindAccept)
	require.NoError(t, err, "the driver was spared")
	require.NoError(t, p.Close(), "the late answer is not held against it")
}

func TestCancelledRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	program := honest
	program.Handle = func(ctx context.Context, _ Request) Answer {
		cancel()
		<-ctx.Done()
		return OK()
	}
	p := Pipe(program)
	_, err := p.Do(ctx, decode)
	require.ErrorIs(t, err, context.Canceled)
	require.Error(t, p.Close(), "an answer that is not waited for would be another's")
	p = started(t, command("honest"))
	defer func() { require.NoError(t, p.Close()) }()
	_, err = p.Do(ctx, decode)
	require.ErrorIs(t, err, context.Canceled, "nothing is asked")
}

func TestKillIsNotHeldAgainstADriver(t *testing.T) {
	p := started(t, command("honest"))
	p.Kill()
	_, err := p.Do(t.Context(), decode)
	require.Equal(t, Killed, asFault(t, err).Reason)
	require.NoError(t, p.Close())
	gone(t, p)
}

func TestDriverThatCannotBeStarted(t *testing.T) {
	for _, args := range [][]string{nil, {filepath.Join(t.TempDir(), "nothing")}, {"no-such-command-anywhere"}, {t.TempDir()}} {
		_, err := Start(Command{Args: args})
		require.Equal(t, NotStarted, asFault(t, err).Reason)
	}
}

func TestEnvironmentIsInherited(t *testing.T) {
	t.Setenv(BugEnv, "inherited")
	p := started(t, command("env"))
	_, err := p.Do(t.Context(), decode)
	require.Equal(t, "inherited", asFault(t, err).Stderr)
	require.Error(t, p.Close())
	c := command("env")
	c.Env = append(c.Env, BugEnv+"=mine")
	p = started(t, c)
	_, err = p.Do(t.Context(), decode)
	require.Equal(t, "mine", asFault(t, err).Stderr)
	require.Error(t, p.Close())
}

func TestPoolStartsAnotherForOneThatDied(t *testing.T) {
	n := 0
	pool := NewPool(2, func(context.Context) (*Process, error) {
		n++
		return Start(command(map[bool]string{true: "dies", false: "honest"}[n == 1]))
	})
	first, err := pool.Get(t.Context())
	require.NoError(t, err)
	_, err = first.Do(t.Context(), decode)
	require.Error(t, err)
	pool.Put(first)
	require.Equal(t, 1, pool.Restarts())
	for range 6 { // round all places
		d, err := pool.Get(t.Context())
		require.NoError(t, err)
		_, err = d.Do(t.Context(), decode, KindAccept)
		require.NoError(t, err)
		pool.Put(d)
	}
	require.Equal(t, 3, n, "a place is filled once")
	require.NoError(t, pool.Close())
}

func TestPoolThatIsTaken(t *testing.T) {
	pool := NewPool(1, func(context.Context) (*Process, error) { return Pipe(honest), nil })
	d, err := pool.Get(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = pool.Get(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	pool.Put(d)
	require.NoError(t, pool.Close())
}

func TestPoolThatCannotStart(t *testing.T) {
	pool := NewPool(1, func(context.Context) (*Process, error) { return nil, os.ErrNotExist })
	for range 3 {
		_, err := pool.Get(t.Context())
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	require.NoError(t, pool.Close())
}

func TestRequestsAndAnswersThereAndBack(t *testing.T) {
	for _, r := range []Request{
		{ID: "1", Op: "hello", Args: map[string]string{"driver": "1"}},
		{ID: "2", Op: "call", Args: map[string]string{"method": "a\"b\\c\n\x7f\u00e9", "args": ""}},
		{ID: "3", Op: "encode", Args: map[string]string{"what": "msgpack"}, Value: json.RawMessage(`{"int":"-5"}`)},
	} {
		b, err := json.Marshal(r)
		require.NoError(t, err)
		var again Request
		require.NoError(t, json.Unmarshal(b, &again))
		require.Equal(t, r, again)
	}
	for a, want := range map[*Answer]string{
		{ID: "1", Kind: KindMessage, Fin: true}:                        `{"id":"1","answer":"message","hex":"","fin":"true"}`,
		{ID: "1", Kind: KindDone}:                                      `{"id":"1","answer":"done","replies":[]}`,
		{ID: "1", Kind: KindBugs, Bugs: []Bug{{"a", "B-001", "c"}}}:    `{"id":"1","answer":"bugs","bugs":[{"name":"a","req":"B-001","doc":"c"}]}`,
		{ID: "1", Kind: KindHello, Bugs: []Bug{{Name: "a"}}}:           `{"id":"1","answer":"hello","bugs":["a"]}`,
		{ID: "1", Kind: KindReject, Code: "HEADER_CRC", Scope: "link"}: `{"id":"1","answer":"reject","code":"HEADER_CRC","scope":"link"}`,
	} {
		b, err := json.Marshal(a)
		require.NoError(t, err)
		require.JSONEq(t, want, string(b))
		var again Answer
		require.NoError(t, json.Unmarshal(b, &again))
		if a.Kind != KindDone {
			require.Equal(t, *a, again)
		}
	}
}

func TestServeAnswersBroken(t *testing.T) {
	for _, line := range []string{"no JSON\n", `{"id":1}` + "\n", strings.Repeat("x", MaxRequest+2)} {
		var out strings.Builder
		require.NoError(t, Serve(t.Context(), strings.NewReader(line), &out, honest))
		require.Contains(t, out.String(), `"answer":"broken"`)
	}
}
