package fast_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// TestClientGeneric has the 20 cases of node-fast's tst.client_generic.
func TestClientGeneric(t *testing.T) {
	extra := func(first fast.Status, d1 string, then fast.Status, d2 string) func(*testing.T) {
		return func(t *testing.T) {
			c, f, ev := dialled(t, fast.ClientConfig{})
			s := begin(t, c, "m")
			f.next()
			f.send(first, 1, d1)
			_, err := values(s)
			if first == fast.End {
				require.NoError(t, err)
			} else {
				_, ok := errors.AsType[*fast.ServerError](err)
				require.True(t, ok)
			}
			f.send(then, 1, d2)
			require.EqualValues(t, 1, reason(t, ev.one(t), fast.UnknownMsgid).Msgid)
			f.silent() // the connection is ended
		}
	}
	null := func(ignore bool) func(*testing.T) {
		return func(t *testing.T) {
			c, f, ev := dialled(t, fast.ClientConfig{IgnoreNull: ignore})
			s := begin(t, c, "m")
			f.next()
			f.send(fast.End, 1, `[true,null,7]`)
			got, err := values(s)
			if ignore {
				require.NoError(t, err)
				require.Equal(t, []string{"true", "7"}, got)
			} else {
				require.Equal(t, []string{"true"}, got)
				reason(t, err, fast.NullValue)
				require.ErrorContains(t, err, `server sent "null" value`)
			}
			ev.none(t)
			s = begin(t, c, "m") // the client stays usable
			f.next()
			f.send(fast.End, 2, `[]`)
			_, err = values(s)
			require.NoError(t, err)
		}
	}
	// hundred has 100 requests pending, of which one has a value, when something happens.
	hundred := func(happens func(*fast.Client, *far), check func(*testing.T, error), event bool) func(*testing.T) {
		return func(t *testing.T) {
			c, f, ev := dialled(t, fast.ClientConfig{})
			var list []*fast.Stream
			for range 100 {
				list = append(list, begin(t, c, "m"))
				f.next()
			}
			f.send(fast.Data, 50, `["value"]`)
			v, err := list[49].Recv(t.Context())
			require.NoError(t, err)
			require.Equal(t, `"value"`, string(v))
			happens(c, f)
			for _, s := range list {
				got, err := values(s)
				require.Empty(t, got)
				check(t, err)
			}
			if event {
				check(t, ev.one(t))
			}
			<-c.Done()
			for range 5 {
				_, err := c.Stream(t.Context(), "m", []byte(`[]`))
				require.ErrorIs(t, err, fast.ErrDetached)
				require.ErrorContains(t, err, "transport detached")
			}
			if !event {
				ev.none(t)
			}
		}
	}
	is := func(want error) func(*testing.T, error) {
		return func(t *testing.T, err error) { require.ErrorIs(t, err, want) }
	}
	ended, failed := `[]`, `{"name":"E","message":"m"}`
	cases := []struct {
		name string
		run  func(*testing.T)
	}{
		{"01 END after END", extra(fast.End, ended, fast.End, ended)},
		{"02 DATA after END", extra(fast.End, ended, fast.Data, ended)},
		{"03 ERROR after END", extra(fast.End, ended, fast.Error, failed)},
		{"04 END after ERROR", extra(fast.Error, failed, fast.End, ended)},
		{"05 DATA after ERROR", extra(fast.Error, failed, fast.Data, ended)},
		{"06 ERROR after ERROR", extra(fast.Error, failed, fast.Error, failed)},
		{"07 unsolicited ERROR", func(t *testing.T) {
			_, f, ev := dialled(t, fast.ClientConfig{})
			f.send(fast.Error, 7, failed)
			require.EqualValues(t, 7, reason(t, ev.one(t), fast.UnknownMsgid).Msgid)
			f.silent()
		}},
		{"08 a null value", null(false)},
		{"09 a null value that is ignored", null(true)},
		{"10 detach with 100 pending", hundred(func(c *fast.Client, _ *far) { c.Detach() }, is(fast.ErrClientDetached), false)},
		{"11 a bad message with 100 pending", hundred(func(_ *fast.Client, f *far) { f.send(fast.Data, 1, `null`) }, func(t *testing.T, err error) {
			reason(t, err, fast.BadDataD)
			require.ErrorContains(t, err, "must be an array")
		}, true)},
		{"12 the server's end with 100 pending", hundred(func(_ *fast.Client, f *far) { _ = f.conn.CloseWrite() }, is(fast.ErrUnexpectedEnd), true)},
		{"13 a reset with 100 pending", hundred(func(_ *fast.Client, f *far) {
			_ = f.conn.SetLinger(0)
			_ = f.conn.Close()
		}, func(t *testing.T, err error) {
			_, ok := errors.AsType[*fast.TransportError](err)
			require.True(t, ok, "%v", err)
		}, true)},
		{"14 100 answers in any order", func(t *testing.T) {
			c, f, ev := dialled(t, fast.ClientConfig{})
			var list []*fast.Stream
			for range 100 {
				list = append(list, begin(t, c, "m"))
				f.next()
			}
			for _, i := range rand.Perm(100) {
				f.send(fast.Data, int64(i+1), fmt.Sprintf("[%d]", i))
				f.send(fast.End, int64(i+1), `[]`)
			}
			for i, s := range list {
				got, err := values(s)
				require.NoError(t, err)
				require.Equal(t, numbers(i, i+1), got)
			}
			ev.none(t)
		}},
		{"15 abandoned at once, twice", func(t *testing.T) {
			c, f, ev := dialled(t, fast.ClientConfig{})
			s := begin(t, c, "m")
			s.Abandon()
			s.Abandon()
			f.next()
			f.send(fast.Data, 1, `[1]`)
			f.send(fast.End, 1, `[2]`)
			got, err := values(s)
			require.Empty(t, got)
			require.ErrorIs(t, err, fast.ErrAbandoned)
			_, again := s.Recv(t.Context())
			require.Equal(t, err, again)
			finished(t, c, f)
			ev.none(t)
		}},
		{"16 abandoned after the end", func(t *testing.T) {
			c, f, ev := dialled(t, fast.ClientConfig{})
			s := begin(t, c, "m")
			f.next()
			f.send(fast.End, 1, `[1]`)
			got, err := values(s)
			require.NoError(t, err)
			require.Equal(t, numbers(1, 2), got)
			s.Abandon()
			_, err = values(s)
			require.NoError(t, err)
			finished(t, c, f)
			ev.none(t)
		}},
		{"17 abandoned after a value", func(t *testing.T) {
			c, f, ev := dialled(t, fast.ClientConfig{})
			s := begin(t, c, "m")
			f.next()
			f.send(fast.Data, 1, `[1]`)
			v, err := s.Recv(t.Context())
			require.NoError(t, err)
			require.Equal(t, "1", string(v))
			s.Abandon()
			f.send(fast.Data, 1, `[2]`)
			f.send(fast.Error, 1, failed)
			got, err := values(s)
			require.Empty(t, got)
			require.ErrorIs(t, err, fast.ErrAbandoned)
			finished(t, c, f)
			require.Zero(t, c.Stats().Pending, "an abandoned request that ERROR has ended is forgotten")
			ev.none(t)
		}},
		{"18 timeout of 400 ms", func(t *testing.T) { synctest.Test(t, timesOut) }},
		{"19 flow control", clientFlow},
		{"20 10,000 requests, 100 at once", tenThousand},
	}
	require.Len(t, cases, 20)
	for _, c := range cases {
		t.Run(c.name, c.run)
	}
}

// finished makes one more request, the last that the far end gets, and has the client read all before it.
func finished(t *testing.T, c *fast.Client, f *far) {
	t.Helper()
	s := begin(t, c, "last")
	m := f.next()
	require.Equal(t, "last", m.Name, "something was sent for an abort")
	f.send(fast.End, m.Msgid, `[]`)
	_, err := values(s)
	require.NoError(t, err)
}

func timesOut(t *testing.T) {
	a, b := net.Pipe()
	c := fast.NewClient(a, fast.ClientConfig{})
	read := make(chan fast.Message, 1)
	go func() {
		m, err := fast.NewReader(b, 0).Next()
		if err == nil {
			read <- m
		}
	}()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	_, err := c.Call(ctx, "m", []byte(`[]`))
	require.Equal(t, 400*time.Millisecond, time.Since(begun))
	e, ok := errors.AsType[*fast.TimeoutError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 400*time.Millisecond, e.After)
	require.ErrorContains(t, err, "timed out after 400 milliseconds")
	require.EqualValues(t, 1, (<-read).Msgid)
	require.NoError(t, c.Close())
	_ = b.Close()
}

// clientFlow sends more than the client's queue and all buffers between take, to a request that nobody reads: the server comes to
// rest, goes on when the values are taken, and the missing END is an error.
func clientFlow(t *testing.T) {
	c, f, ev := dialled(t, fast.ClientConfig{MaxQueued: 1 << 10})
	s := begin(t, c, "m")
	f.next()
	_ = f.conn.SetWriteBuffer(16 << 10)
	var sent atomic.Int64
	done := make(chan int64, 1)
	rest := make(chan struct{})
	go func() {
		value := frame(f.d, fast.Data, 1, `{"m":{"name":"x"},"d":["`+string(make1k())+`"]}`)
		var once sync.Once
		for range 64 << 10 {
			_ = f.conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
			for at := 0; at < len(value); {
				n, err := f.conn.Write(value[at:])
				if at += n; err != nil { // it rests
					once.Do(func() { close(rest) })
					_ = f.conn.SetWriteDeadline(time.Now().Add(patience))
				}
			}
			sent.Add(1)
		}
		_ = f.conn.CloseWrite()
		done <- sent.Load()
	}()
	<-rest
	require.Less(t, sent.Load(), int64(64<<10), "the server came to rest")
	got, err := values(s)
	require.ErrorIs(t, err, fast.ErrUnexpectedEnd)
	require.Len(t, got, int(<-done))
	require.ErrorIs(t, ev.one(t), fast.ErrUnexpectedEnd)
}

func make1k() []byte {
	b := make([]byte, 1<<10)
	for i := range b {
		b[i] = 'x'
	}
	return b
}

func tenThousand(t *testing.T) {
	c, f, ev := dialled(t, fast.ClientConfig{})
	var running, most atomic.Int64
	go func() { // ends with the connection
		for n := 0; ; n++ {
			m, err := f.r.Next()
			if err != nil {
				return
			}
			var b []byte
			id := uint32(m.Msgid)
			if n%3 == 0 {
				b = append(b, frame(f.d, fast.Data, id, `{"m":{"name":"x"},"d":[1]}`)...)
			}
			running.Add(-1) // before the client can know
			if n%4 == 0 {
				b = append(b, frame(f.d, fast.Error, id, `{"m":{"name":"x"},"d":{"name":"E","message":"m"}}`)...)
			} else {
				b = append(b, frame(f.d, fast.End, id, `{"m":{"name":"x"},"d":[]}`)...)
			}
			if _, err := f.conn.Write(b); err != nil {
				return
			}
		}
	}()
	var errs, data, both atomic.Int64
	var wg sync.WaitGroup
	todo := make(chan struct{}, 10000)
	for range 10000 {
		todo <- struct{}{}
	}
	close(todo)
	for range 100 {
		wg.Go(func() {
			for range todo {
				n := running.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				got, err := c.Call(context.Background(), "m", []byte(`[]`))
				if err != nil {
					errs.Add(1)
				}
				if len(got) > 0 {
					data.Add(1)
				}
				if err != nil && len(got) > 0 {
					both.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 2500, errs.Load())
	require.EqualValues(t, 3334, data.Load())
	require.EqualValues(t, 834, both.Load())
	require.LessOrEqual(t, most.Load(), int64(100))
	require.Zero(t, c.Stats().Pending)
	ev.none(t)
}
