package fast_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// TestDrip: a message that drips ends its connection after its time, on both sides; a connection between messages may be idle.
func TestDrip(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := fast.NewServer(fast.ServerConfig{MessageTimeout: 5 * time.Second})
			fast.AddDemo(srv)
			near, there := net.Pipe()
			done := make(chan error, 1)
			go func() { done <- srv.ServeConn(context.Background(), there) }()
			time.Sleep(time.Hour) // idle, in the time of this test
			msg := frame(fast.V1, fast.Data, 1, echoOne)
			go func() { _, _ = near.Write(msg) }()
			r := fast.NewReader(near, 0)
			for range 2 {
				_, err := r.Next()
				require.NoError(t, err)
			}
			begun := time.Now()
			for _, b := range msg[:20] {
				if _, err := near.Write([]byte{b}); err != nil {
					break
				}
				time.Sleep(time.Second)
			}
			reason(t, <-done, fast.IncompleteMessage)
			require.LessOrEqual(t, time.Since(begun), 7*time.Second)
			_ = near.Close()
		})
	})
	t.Run("client", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			near, there := net.Pipe()
			c := fast.NewClient(near, fast.ClientConfig{MessageTimeout: 5 * time.Second})
			go func() {
				_, err := fast.NewReader(there, 0).Next()
				if err == nil {
					_, _ = there.Write(make([]byte, 0))
					_, _ = there.Write([]byte{1, 1})
				}
			}()
			begun := time.Now()
			_, err := c.Call(t.Context(), "m", []byte(`[]`))
			reason(t, err, fast.IncompleteMessage)
			require.Equal(t, 5*time.Second, time.Since(begun))
			require.NoError(t, c.Close())
			_ = there.Close()
		})
	})
}

// TestAnnounced: a header that announces much costs nothing before it arrives.
func TestAnnounced(t *testing.T) {
	var before, after runtime.MemStats
	head := with(frame(fast.V1, fast.Data, 1, echoOne)[:15], 11, 0x03, 0xff, 0xff, 0xff) // below the limit
	runtime.ReadMemStats(&before)
	for range 100 {
		r, w := io.Pipe()
		go func() {
			_, _ = w.Write(head)
			_, _ = w.Write(make([]byte, 1000))
			_ = w.Close()
		}()
		_, err := fast.NewReader(r, 0).Next()
		reason(t, err, fast.IncompleteMessage)
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "100 headers that announce 64 MB each")
}

// TestRequestForm has the bytes of a request: m with the method and the time, d with the arguments.
func TestRequestForm(t *testing.T) {
	c, f, _ := dialled(t, fast.ClientConfig{})
	from := time.Now().Add(-time.Millisecond)
	s, err := c.Stream(t.Context(), "some\"thing", []byte(`[{"a": "☃"}]`))
	require.NoError(t, err)
	b := make([]byte, 15)
	_, err = io.ReadFull(f.conn, b)
	require.NoError(t, err)
	require.Equal(t, []byte{1, 1, 1, 0, 0, 0, 1}, b[:7])
	payload := make([]byte, b[14])
	_, err = io.ReadFull(f.conn, payload)
	require.NoError(t, err)
	var p struct {
		M struct {
			Name string
			UTS  int64
		}
		D json.RawMessage
	}
	require.NoError(t, json.Unmarshal(payload, &p))
	require.Equal(t, `some"thing`, p.M.Name)
	require.JSONEq(t, `[{"a": "☃"}]`, string(p.D))
	at := time.UnixMicro(p.M.UTS)
	require.True(t, at.After(from) && at.Before(time.Now().Add(time.Millisecond)), "%v", at)
	s.Abandon()
}

// TestServerBounds: a connection with as many requests as may run is not read, and goes on when one has ended.
func TestServerBounds(t *testing.T) {
	g := newGate()
	s := serve(t, fast.ServerConfig{MaxRequests: 2}, func(srv *fast.Server) { srv.Handle("gate", g.handle) })
	f := newFar(t, s.conn())
	for id := range uint32(5) {
		f.write(frame(fast.V1, fast.Data, id, waitsGate))
	}
	<-g.begun
	<-g.begun
	other := s.client(fast.ClientConfig{})
	_, err := collect(other, "date", `[]`)
	require.NoError(t, err)
	require.Equal(t, 2, s.srv.Stats().Requests)
	close(g.open)
	ends := 0
	for ends < 5 {
		if f.next().Status == fast.End {
			ends++
		}
	}
}

// TestServerBoundsAll: with as many requests as may run on all connections, one more is answered by ERROR; short ones are served, and what has ended gives
// its place back.
func TestServerBoundsAll(t *testing.T) {
	g := newGate()
	s := serve(t, fast.ServerConfig{MaxRunning: 3}, func(srv *fast.Server) { srv.Handle("gate", g.handle) })
	left := newFar(t, s.conn())
	left.write(frame(fast.V1, fast.Data, 1, waitsGate))
	left.write(frame(fast.V1, fast.Data, 2, waitsGate))
	<-g.begun
	<-g.begun
	require.NoError(t, left.conn.CloseWrite(), "its requests go on")
	f := newFar(t, s.conn())
	f.write(frame(fast.V1, fast.Data, 1, waitsGate))
	<-g.begun
	for id := range uint32(3) {
		f.write(frame(fast.V1, fast.Data, 2+id, waitsGate))
		m := f.next()
		require.Equal(t, fast.Error, m.Status)
		require.EqualValues(t, 2+id, m.Msgid)
		require.Contains(t, string(m.D), `"OverloadedError"`)
	}
	_, err := collect(s.client(fast.ClientConfig{}), "date", `[]`)
	require.NoError(t, err)
	require.Equal(t, 3, s.srv.Stats().Requests)
	close(g.open)
	require.Equal(t, fast.Data, f.next().Status)
	require.Equal(t, fast.End, f.next().Status)
	f.write(frame(fast.V1, fast.Data, 2, waitsGate))
	require.Equal(t, fast.Data, f.next().Status)
	require.EqualValues(t, 3, s.srv.Stats().Failed)
}

// TestValuesThatCannotBeSent: a handler's value that is not JSON is refused, and what went out before it stands.
func TestValuesThatCannotBeSent(t *testing.T) {
	s := serve(t, fast.ServerConfig{}, func(srv *fast.Server) {
		srv.Handle("wrong", func(_ context.Context, _ *fast.Request, w *fast.Writer) error {
			for _, v := range []string{`null`, ` null `, ``, `{`, `1 2`, "\"\xff\"", `nope`} {
				if err := w.Send([]byte(v)); err == nil {
					t.Errorf("%q was sent", v)
				}
			}
			if err := w.Send([]byte(`0`)); err != nil {
				return err
			}
			return &fast.ServerError{Name: "N\xff", Message: "m\xff\u2028", Context: json.RawMessage(`[`), Info: json.RawMessage(`"no object"`), ASEErrors: json.RawMessage("\xff")}
		})
		srv.HandleInline("inline", func(_ []byte, v *fast.Values) error { return v.Add([]byte(`null`)) })
	})
	c := s.client(fast.ClientConfig{})
	got, err := collect(c, "wrong", `[]`)
	require.Equal(t, []string{"0"}, got)
	require.ErrorContains(t, err, "N\uFFFD")
	_, err = collect(c, "inline", `[]`)
	require.ErrorContains(t, err, "JSON")
	_, err = collect(c, "date", `[]`)
	require.NoError(t, err, "and the client has taken it all")
}
