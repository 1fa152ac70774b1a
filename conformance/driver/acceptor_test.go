package driver

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAcceptor(t *testing.T) {
	a, err := StartAcceptor(t.Context(), command("acceptor"))
	require.NoError(t, err)
	require.Equal(t, Ready{Addr: "127.0.0.1:7400", TLSAddr: "127.0.0.1:7401"}, a.Ready)
	require.Nil(t, a.Exit())
	a.Stop()
	<-a.Ended()
	require.Contains(t, a.Tail(), "serving")
	require.Contains(t, a.Tail(), "stdin ended")
	require.Contains(t, a.Tail(), "printed behind the line")
	ended(t, a)
}

// ended wants that nothing runs of an acceptor.
func ended(t *testing.T, a *Acceptor) {
	t.Helper()
	require.ErrorIs(t, syscall.Kill(a.ch.cmd.Process.Pid, 0), syscall.ESRCH)
}

func TestAcceptorThatDies(t *testing.T) {
	a, err := StartAcceptor(t.Context(), command("acceptor that dies"))
	require.NoError(t, err)
	<-a.Ended()
	require.Equal(t, &Exit{Code: 3}, a.Exit())
	require.Contains(t, a.Tail(), "panic: nil")
	a.Stop()
	ended(t, a)
}

func TestAcceptorThatDoesNotEnd(t *testing.T) {
	a, err := StartAcceptor(t.Context(), command("acceptor that ignores SIGTERM"))
	require.NoError(t, err)
	a.Stop()
	require.Equal(t, "killed", a.Exit().Signal)
	ended(t, a)
}

func TestAcceptorsThatAreNone(t *testing.T) {
	for _, tc := range []struct {
		vice   string
		reason Reason
		says   string
	}{
		{"dies at start", Died, "exit code 3 before it said"},
		{"prints at start", Junk, "Welcome!"},
		{"acceptor without address", Junk, "no HOST:PORT"},
		{"acceptor of a huge line", TooLong, "too long"},
		{"reads nothing", Hung, "did not say"},
	} {
		t.Run(tc.vice, func(t *testing.T) {
			c := command(tc.vice)
			if tc.reason == Hung {
				c = impatient(tc.vice)
			}
			_, err := StartAcceptor(t.Context(), c)
			f := asFault(t, err)
			require.Equal(t, tc.reason, f.Reason, err)
			require.Contains(t, err.Error(), tc.says)
		})
	}
	_, err := StartAcceptor(t.Context(), Command{Args: []string{"no-such-command-anywhere"}})
	require.Equal(t, NotStarted, asFault(t, err).Reason)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = StartAcceptor(ctx, command("reads nothing"))
	require.ErrorIs(t, err, context.Canceled)
}

func TestOnce(t *testing.T) {
	out, err := Once(t.Context(), command("once"), []byte("abc"))
	require.NoError(t, err)
	require.Equal(t, Exit{Code: 89}, out.Exit)
	require.Equal(t, "abc", string(out.Stdout))
	require.Equal(t, "3 bytes", out.Stderr)

	out, err = Once(t.Context(), command("dies at start"), []byte(strings.Repeat("x", 1<<20)))
	require.NoError(t, err, "what is not read is not at fault")
	require.Equal(t, 3, out.Exit.Code)

	_, err = Once(t.Context(), impatient("reads nothing"), []byte(strings.Repeat("x", 1<<20)))
	require.Equal(t, Hung, asFault(t, err).Reason)
	_, err = Once(t.Context(), impatient("closes stdout at start"), nil)
	require.Equal(t, Hung, asFault(t, err).Reason)
	_, err = Once(t.Context(), command("floods at start"), nil)
	require.Equal(t, TooLong, asFault(t, err).Reason)
	_, err = Once(t.Context(), Command{Args: []string{"no-such-command-anywhere"}}, nil)
	require.Equal(t, NotStarted, asFault(t, err).Reason)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	cancel()
	_, err = Once(ctx, command("reads nothing"), nil)
	require.ErrorIs(t, err, context.Canceled)
}
