package fast_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// looking makes a client whose calls look for their replies themselves, before a server of the demo methods.
func looking(t *testing.T, cfg fast.ClientConfig) (*fast.Client, *served) {
	t.Helper()
	if runtime.NumCPU() < 2 || runtime.GOMAXPROCS(0) < 2 {
		if os.Getenv("CI") == "true" {
			t.Fatal("one processor: nobody looks")
		}
		t.Skip("SKIPPED: WITH ONE PROCESSOR NOBODY LOOKS")
	}
	s := serve(t, fast.ServerConfig{Spin: -1}, nil) // this process has few processors for both
	cfg.Spin = fast.MaxSpin
	c := s.client(cfg)
	look(t, c)
	return c, s
}

// look makes calls until some have looked.
func look(t *testing.T, c *fast.Client) {
	t.Helper()
	until := time.Now().Add(patience)
	for from := c.Stats().Looked; c.Stats().Looked < from+20; {
		require.True(t, time.Now().Before(until), "no call has looked for its reply")
		got, err := collect(c, "echo", `[1]`)
		require.NoError(t, err)
		require.Equal(t, []string{`{"value":1}`}, got)
	}
}

// TestLookThenElse has all that may follow calls that look for their replies themselves.
func TestLookThenElse(t *testing.T) {
	for _, c := range []struct {
		name string
		then func(*testing.T, *fast.Client, *served)
	}{
		{"a slow call", func(t *testing.T, c *fast.Client, _ *served) {
			_, err := collect(c, "sleep", `[{"ms":20}]`)
			require.NoError(t, err)
		}},
		{"a deadline", func(t *testing.T, c *fast.Client, _ *served) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			_, err := c.Call(ctx, "sleep", []byte(`[{"ms":200}]`))
			_, ok := errors.AsType[*fast.TimeoutError](err)
			require.True(t, ok, "%v", err)
			_, err = collect(c, "echo", `[1]`) // while the first has not been answered
			require.NoError(t, err)
		}},
		{"an error of the server", func(t *testing.T, c *fast.Client, _ *served) {
			_, err := collect(c, "nothing", `[]`)
			_, ok := errors.AsType[*fast.ServerError](err)
			require.True(t, ok, "%v", err)
		}},
		{"a stream", func(t *testing.T, c *fast.Client, _ *served) {
			s, err := c.Stream(t.Context(), "yes", []byte(`[{"value":1,"count":1000}]`))
			require.NoError(t, err)
			got, err := values(s)
			require.NoError(t, err)
			require.Len(t, got, 1000)
		}},
		{"a stream that nobody takes from", func(t *testing.T, c *fast.Client, _ *served) {
			before := c.Stats().Requests
			s, err := c.Stream(t.Context(), "yes", []byte(`[{"value":1,"count":100000}]`))
			require.NoError(t, err)
			called := make(chan error, 1)
			go func() {
				_, err := collect(c, "date", `[]`)
				called <- err
			}()
			require.Eventually(t, func() bool { return c.Stats().Requests == before+2 }, patience, time.Millisecond)
			got, err := values(s)
			require.NoError(t, err)
			require.Len(t, got, 100000)
			require.NoError(t, <-called)
		}},
		{"many calls at once", func(t *testing.T, c *fast.Client, _ *served) {
			var wg sync.WaitGroup
			for w := range 8 {
				wg.Go(func() {
					for i := range 200 {
						want := fmt.Sprintf(`{"value":%d}`, w*1000+i)
						got, err := collect(c, "echo", fmt.Sprintf(`[%d]`, w*1000+i))
						if err != nil || len(got) != 1 || got[0] != want {
							t.Errorf("%v instead of %s: %v", got, want, err)
							return
						}
					}
				})
			}
			wg.Wait()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, s := looking(t, fast.ClientConfig{MaxQueued: 4096})
			c.then(t, client, s)
			require.Eventually(t, func() bool { return client.Stats().Pending == 0 }, patience, time.Millisecond)
			look(t, client)
			require.Zero(t, client.Stats().LaterErrors)
			require.NoError(t, client.Err())
		})
	}
}

// TestLookThenEnd: the end of the connection is found although no call is made, and Close and Detach end a client whose goroutine
// has left reading to callers.
func TestLookThenEnd(t *testing.T) {
	t.Run("of the server", func(t *testing.T) {
		c, s := looking(t, fast.ClientConfig{})
		s.srv.Close()
		select {
		case <-c.Done():
			require.ErrorIs(t, c.Err(), fast.ErrUnexpectedEnd)
		case <-time.After(patience):
			t.Fatal("nobody has read the end of the stream")
		}
	})
	t.Run("Close", func(t *testing.T) {
		c, _ := looking(t, fast.ClientConfig{})
		require.NoError(t, c.Close())
		_, err := c.Call(t.Context(), "date", []byte(`[]`))
		require.ErrorIs(t, err, fast.ErrDetached)
	})
	t.Run("Close while others call", func(t *testing.T) {
		c, _ := looking(t, fast.ClientConfig{})
		failed := make(chan error, 1)
		begun := make(chan struct{})
		go func() {
			for i := 0; ; i++ {
				if i == 100 {
					close(begun)
				}
				if _, err := c.Call(context.Background(), "echo", []byte(`[1]`)); err != nil {
					failed <- err
					return
				}
			}
		}()
		<-begun
		require.NoError(t, c.Close())
		_, ok := errors.AsType[*fast.RequestError](<-failed)
		require.True(t, ok)
	})
	t.Run("Detach", func(t *testing.T) {
		near, there := pair(t)
		srv := newFar(t, there)
		c := fast.NewClient(near, fast.ClientConfig{Spin: fast.MaxSpin})
		scripted(t, c, srv)
		c.Detach()
		srv.write([]byte("after"))
		b := make([]byte, 5)
		_, err := io.ReadFull(near, b)
		require.NoError(t, err, "the connection is the caller's again")
		require.Equal(t, "after", string(b))
	})
}

// scripted makes calls, which a scripted server answers at once, until some have looked.
func scripted(t *testing.T, c *fast.Client, f *far) {
	t.Helper()
	done := make(chan struct{})
	go func() { // ends with the last call of this function
		defer close(done)
		for {
			m, err := f.r.Next()
			if err != nil {
				t.Error(err)
				return
			}
			id := uint32(m.Msgid)
			if _, err := f.conn.Write(frame(f.d, fast.End, id, `{"d":[]}`)); err != nil || m.Name == "last" {
				return
			}
		}
	}()
	until := time.Now().Add(patience)
	for c.Stats().Looked < 20 && time.Now().Before(until) {
		_, err := c.Call(t.Context(), "m", []byte(`[]`))
		require.NoError(t, err)
	}
	_, err := c.Call(t.Context(), "last", []byte(`[]`))
	require.NoError(t, err)
	<-done
	if runtime.NumCPU() > 1 && runtime.GOMAXPROCS(0) > 1 {
		require.GreaterOrEqual(t, c.Stats().Looked, uint64(20))
	}
}

// TestLookFaults: a fault that a caller finds fails it and ends the client, as one does that the client's goroutine finds; and what
// comes when nothing is pending is found too.
func TestLookFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		idle   bool // nothing is pending
		in     []byte
		reason fast.Reason
	}{
		{"checksum", false, with(frame(fast.V1, fast.End, 1, `{"d":[]}`), 10, 0), fast.BadCRC},
		{"another id", false, frame(fast.V1, fast.End, fast.MaxMsgid, `{"d":[]}`), fast.UnknownMsgid},
		{"length", false, with(frame(fast.V1, fast.End, 1, `{"d":[]}`), 11, 0xFF), fast.TooLong},
		{"idle: message", true, frame(fast.V1, fast.End, fast.MaxMsgid, `{"d":[]}`), fast.UnknownMsgid},
		{"idle: version", true, make([]byte, 15), fast.UnsupportedVersion},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, f, ev := dialled(t, fast.ClientConfig{Spin: fast.MaxSpin})
			scripted(t, client, f)
			if c.idle {
				f.write(c.in)
			} else {
				failed := make(chan error, 1)
				go func() {
					_, err := client.Call(context.Background(), "m", []byte(`[]`))
					failed <- err
				}()
				f.next()
				f.write(c.in)
				reason(t, <-failed, c.reason)
			}
			reason(t, ev.one(t), c.reason)
			<-client.Done()
			require.Zero(t, client.Stats().LaterErrors)
			f.silent()
		})
	}
}

// TestChance has when looks begin and end.
func TestChance(t *testing.T) {
	const window = 50 * time.Microsecond
	waits := func(c *fast.Chance, n int, d time.Duration) {
		for range n {
			c.Waited(d)
		}
	}
	looks := func(c *fast.Chance, n int, found bool) (begun int) {
		for range n {
			if c.Begin() {
				begun++
				c.End(found)
			}
		}
		return begun
	}
	c := fast.NewChance(window)
	require.Zero(t, looks(&c, 1, true), "before anything is known")
	waits(&c, 100, time.Millisecond)
	require.Zero(t, looks(&c, 1, true), "waits are long")
	waits(&c, 3, window)
	require.Zero(t, looks(&c, 1, true))
	waits(&c, 1, window)
	require.Equal(t, 1000, looks(&c, 1000, true), "as long as something is found")
	require.Equal(t, 4, looks(&c, 100, false), "and not much longer")
	waits(&c, 7, window)
	require.Zero(t, looks(&c, 1, true), "then more short waits are asked for")
	waits(&c, 1, window)
	require.Equal(t, 4, looks(&c, 100, false))
	for range 10 {
		waits(&c, 256, window)
		require.LessOrEqual(t, looks(&c, 100, false), 4)
	}
	waits(&c, 255, window)
	require.Zero(t, looks(&c, 1, true), "but never more than these")
	waits(&c, 1, window)
	require.Equal(t, 16, looks(&c, 16, true))
	require.Equal(t, 4, looks(&c, 100, false))
	waits(&c, 8, window)
	require.Equal(t, 1, looks(&c, 1, true), "what was in vain is forgotten")
	c.None()
	require.Zero(t, looks(&c, 1, true))

	off := fast.NewChance(0)
	waits(&off, 1000, 0)
	require.Zero(t, looks(&off, 1, true), "without a window nobody looks")

	// No more look at once than half of the processors.
	most := max(1, runtime.GOMAXPROCS(0)/2)
	list := make([]fast.Chance, most+1)
	for i := range list {
		list[i] = fast.NewChance(window)
		waits(&list[i], 8, window)
		require.Equal(t, i < most, list[i].Begin())
	}
	for i := range most {
		list[i].End(true)
	}
}

// TestSpinTime has the range of the configuration.
func TestSpinTime(t *testing.T) {
	many := runtime.NumCPU() > 1 && runtime.GOMAXPROCS(0) > 1
	for configured, want := range map[time.Duration]time.Duration{0: fast.DefaultSpin, -1: 0, time.Microsecond: time.Microsecond, time.Hour: fast.MaxSpin} {
		if !many {
			want = 0
		}
		require.Equal(t, want, fast.SpinTime(configured))
	}
}
