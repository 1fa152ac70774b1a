package conformance

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/conformance/driver"
	"handfast/conformance/useless"
)

// viciousDriver is a driver that opens links like any other, and has one vice.
func viciousDriver(t *testing.T, vice func(ctx context.Context, r driver.Request) (driver.Answer, bool)) Target {
	t.Helper()
	start := func(context.Context) (*driver.Process, error) {
		program, stop, err := useless.Dialer("dialer-accept-all")
		if err != nil {
			return nil, err
		}
		t.Cleanup(stop)
		good := program.Handle
		program.Handle = func(ctx context.Context, r driver.Request) driver.Answer {
			if a, is := vice(ctx, r); is {
				return a
			}
			return good(ctx, r)
		}
		return driver.Pipe(program), nil
	}
	return Target{Driver: start, Name: "a driver with a vice"}
}

// echoCase is the simplest that a dialer has to pass.
func echoCase(run func(t *T)) Case {
	return Case{ID: "kit/one-echo", Req: []string{"CALL-001"}, Title: "one echo", Level: 6, Roles: Dialers, Run: run}
}

func TestVicesOfDriversHaveNames(t *testing.T) {
	at := func(op string, a driver.Answer) func(context.Context, driver.Request) (driver.Answer, bool) {
		return func(_ context.Context, r driver.Request) (driver.Answer, bool) { return a, r.Op == op }
	}
	hangs := func(op string) func(context.Context, driver.Request) (driver.Answer, bool) {
		return func(ctx context.Context, r driver.Request) (driver.Answer, bool) {
			if r.Op != op {
				return driver.Answer{}, false
			}
			<-ctx.Done()
			return driver.OK(), true
		}
	}
	echo := func(t *T) { t.Open(Options{}).Echo() }
	tests := []struct {
		name    string
		vice    func(context.Context, driver.Request) (driver.Answer, bool)
		run     func(t *T)
		verdict Verdict
		says    string
	}{
		{"none", func(context.Context, driver.Request) (driver.Answer, bool) { return driver.Answer{}, false }, echo, Pass, ""},
		{"dial is unsupported", at(driver.OpDial, driver.Unsupported()), echo, Fail, "answered unsupported"},
		{"dial is answered by another kind", at(driver.OpDial, driver.OK()), echo, Fail, "wrong kind"},
		{"dial says that the driver is broken", at(driver.OpDial, driver.Brokenf("no sockets")), echo, Inconclusive, "no sockets"},
		{"dial is not answered", hangs(driver.OpDial), echo, Timeout, "none for"},
		{"call is not answered", hangs(driver.OpCall), echo, Timeout, "nothing for"},
		{"call is answered with other bytes", at(driver.OpCall, driver.Answer{Kind: driver.KindDone, Replies: []string{"00"}}), echo, Timeout, "nothing for"},
		{"a claimed feature is unsupported", at(driver.OpOpen, driver.Unsupported()), func(t *T) { onHeld(t.Open(Options{})) }, Fail, "answered unsupported"},
		{"reset is not answered", hangs(driver.OpReset), echo, Timeout, "no answer in time"},
		{"reset is unsupported", at(driver.OpReset, driver.Unsupported()), echo, Fail, "unsupported"},
		{"it never dials", at(driver.OpDial, driver.Answer{Kind: driver.KindEnded, By: "transport", Code: "NO_ERROR"}), echo, Fail, "none, and the answer ended"},
		{"it says open and never dials", at(driver.OpDial, driver.Answer{Kind: driver.KindOpen}), echo, Fail, "none, and the answer open"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			config := Config{Target: viciousDriver(t, tc.vice), Cases: []Case{echoCase(tc.run)}, Timeout: 300 * time.Millisecond, Jobs: 1, skipPreflight: true}
			report, err := Run(t.Context(), config)
			require.NoError(t, err)
			require.NotEmpty(t, report.Cases)
			r := report.Cases[0]
			assert.Equal(t, tc.verdict, r.Verdict, r.Detail)
			assert.Contains(t, r.Detail, tc.says)
			assert.Equal(t, tc.verdict == Pass, report.ExitCode() == ExitExpected)
		})
	}
}

// TestCanaries has the same vices before any case runs.
func TestCanaries(t *testing.T) {
	for _, tc := range []struct{ name, says string }{
		{"dialer-fair-words", "an unknown op is answered unsupported"},
		{"dialer-mute", "an unknown op is answered unsupported"},
		{"dialer-unsupported", "the answer ok to reset"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			start := func(context.Context) (*driver.Process, error) {
				program, stop, err := useless.Dialer(tc.name)
				if err != nil {
					return nil, err
				}
				t.Cleanup(stop)
				return driver.Pipe(program), nil
			}
			_, err := Run(t.Context(), Config{Target: Target{Driver: start, Name: tc.name}, Timeout: 200 * time.Millisecond})
			var preflight *PreflightError
			require.ErrorAs(t, err, &preflight)
			assert.Contains(t, preflight.Reason, tc.says)
		})
	}
}

func TestDriversThatCannotBeUsed(t *testing.T) {
	for _, tc := range []struct {
		name    string
		start   StartDriver
		verdict Verdict
		says    string
	}{
		{"no program", func(context.Context) (*driver.Process, error) {
			return driver.Start(driver.Command{Args: []string{"/no/such/driver"}})
		}, Crash, "cannot be started"},
		{"another role", func(context.Context) (*driver.Process, error) {
			return driver.Pipe(driver.Program{Hello: driver.Answer{Roles: []string{driver.RoleCodec}, Spec: []string{"1"}}}), nil
		}, Fail, "no driver of the role dialer"},
		{"another specification", func(context.Context) (*driver.Process, error) {
			return driver.Pipe(driver.Program{Hello: driver.Answer{Roles: []string{driver.RoleDialer}, Spec: []string{"7"}}}), nil
		}, Fail, "spec does not have"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := Config{Target: Target{Driver: tc.start, Name: tc.name}, Cases: []Case{echoCase(func(*T) {})}, Jobs: 1, skipPreflight: true}
			report, err := Run(t.Context(), config)
			require.NoError(t, err)
			assert.Equal(t, tc.verdict, report.Cases[0].Verdict)
			assert.Contains(t, report.Cases[0].Detail, tc.says)
			_, err = Run(t.Context(), Config{Target: Target{Driver: tc.start, Name: tc.name}, Jobs: 1})
			var preflight *PreflightError
			assert.ErrorAs(t, err, &preflight)
		})
	}
}

func TestHubTellsLinksApart(t *testing.T) {
	h, err := newHub(t.Context())
	require.NoError(t, err)
	defer h.close()
	say := func(text string) net.Conn {
		nc, err := net.Dial("tcp", h.addr())
		require.NoError(t, err)
		t.Cleanup(func() { _ = nc.Close() })
		_, err = nc.Write([]byte(text))
		require.NoError(t, err)
		return nc
	}
	const first, second = tokenPrefix + "0000000000000001", tokenPrefix + "0000000000000002"
	arrived := h.expect(first)
	say("bytes and " + first)
	nc := <-arrived
	got := make([]byte, len("bytes and "+first))
	_, err = nc.Read(got)
	require.NoError(t, err)
	assert.Equal(t, "bytes and "+first, string(got), "what was read to find the token is not lost")
	_ = nc.Close()

	arrived = h.expect(second)
	late := say("once more " + first)
	_, err = late.Read(make([]byte, 1))
	assert.Error(t, err, "a connection of an earlier dial is closed")
	assert.Equal(t, 1, h.count())
	say("no token, and no opening of Handfast: " + strings.Repeat("x", 40))
	nc = <-arrived
	_ = nc.Close()

	h.forget()
	nobody := say("nobody waits")
	_, err = nobody.Read(make([]byte, 1))
	assert.Error(t, err)
	assert.Equal(t, 2, h.count())
}

func TestCredentialsAreRemoved(t *testing.T) {
	c, err := NewCredentials()
	require.NoError(t, err)
	for _, name := range []string{c.CA, c.Cert, c.Key} {
		_, err := os.Stat(name)
		assert.NoError(t, err)
	}
	c.Remove()
	_, err = os.Stat(c.CA)
	assert.True(t, os.IsNotExist(err))
}

func TestReportedObjectsAreCompared(t *testing.T) {
	want := reportOf(map[string]any{"a": true, "b": int64(7), "c": []string{"x", "y"}})
	for _, same := range []string{`{"a":true,"b":"7","c":["x","y"]}`, `{"c":["x","y"],"b":7,"a":true}`} {
		assert.Equal(t, want, reported(json.RawMessage(same)))
	}
	assert.NotEqual(t, want, reported(json.RawMessage(`{"a":true,"b":"8","c":["x","y"]}`)))
	assert.Equal(t, "no object", reported(nil))
}
