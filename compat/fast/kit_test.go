package fast_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/compat/fast"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what must happen; nothing waits for it to pass.
const patience = 20 * time.Second

// pair makes a connection over TCP.
func pair(t testing.TB) (client, server *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	b, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

// far is a scripted peer at the far end of a connection.
type far struct {
	t    testing.TB
	conn *net.TCPConn
	r    *fast.Reader
	d    fast.Dialect
}

func newFar(t testing.TB, conn *net.TCPConn) *far {
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &far{t: t, conn: conn, r: fast.NewReader(conn, 0), d: fast.V1}
}

// next reads one message.
func (f *far) next() fast.Message {
	f.t.Helper()
	m, err := f.r.Next()
	require.NoError(f.t, err)
	return m
}

func (f *far) write(b []byte) {
	f.t.Helper()
	_, err := f.conn.Write(b)
	require.NoError(f.t, err)
}

// send sends one message with m.
func (f *far) send(s fast.Status, id int64, d string) {
	f.t.Helper()
	f.write(frame(f.d, s, uint32(id), `{"m":{"uts":1,"name":"x"},"d":`+d+`}`))
}

// silent says that nothing more comes before the end of the stream.
func (f *far) silent() {
	f.t.Helper()
	_, err := f.r.Next()
	require.ErrorIs(f.t, err, io.EOF)
}

// events keeps the errors of a client.
type events struct {
	mu   sync.Mutex
	list []error
	all  chan error
}

func newEvents() *events { return &events{all: make(chan error, 16)} }

func (e *events) add(err error) {
	e.mu.Lock()
	e.list = append(e.list, err)
	e.mu.Unlock()
	e.all <- err
}

func (e *events) none(t testing.TB) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	require.Empty(t, e.list)
}

// one waits for the only error.
func (e *events) one(t testing.TB) error {
	t.Helper()
	select {
	case err := <-e.all:
		return err
	case <-time.After(patience):
		t.Fatal("no client error")
		return nil
	}
}

// dialled is a client before a scripted server.
func dialled(t testing.TB, cfg fast.ClientConfig) (*fast.Client, *far, *events) {
	t.Helper()
	a, b := pair(t)
	ev := newEvents()
	cfg.OnError = ev.add
	c := fast.NewClient(a, cfg)
	t.Cleanup(func() { c.Close() })
	return c, newFar(t, b), ev
}

// values reads a stream to its end.
func values(s *fast.Stream) (list []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		v, err := s.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, string(v))
	}
}

// numbers gives the JSON numbers from lo to below hi.
func numbers(lo, hi int) (list []string) {
	for i := lo; i < hi; i++ {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

func begin(t testing.TB, c *fast.Client, method string) *fast.Stream {
	t.Helper()
	s, err := c.Stream(context.Background(), method, []byte(`[]`))
	require.NoError(t, err)
	return s
}

// reason asks that an error has a protocol error with a reason.
func reason(t testing.TB, err error, want fast.Reason) *fast.ProtocolError {
	t.Helper()
	e, ok := errors.AsType[*fast.ProtocolError](err)
	require.True(t, ok, "%v is not a protocol error", err)
	require.Equal(t, want, e.Reason)
	return e
}
