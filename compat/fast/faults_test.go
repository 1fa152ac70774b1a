package fast_test

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

const (
	echoOne   = `{"m":{"uts":1,"name":"echo"},"d":[1]}`
	waitsGate = `{"m":{"uts":1,"name":"gate"},"d":[]}`
)

// TestServerFaults sends a server every kind of faulty message, on a connection where a request runs, while another connection is
// served. What ends the connection ends that request with the same cause, and nothing is sent.
func TestServerFaults(t *testing.T) {
	v1, v2 := fast.V1, fast.V2
	req := func(d fast.Dialect) []byte { return frame(d, fast.Data, 7, echoOne) }
	payload := func(p string) []byte { return frame(v1, fast.Data, 7, p) }
	cases := []struct {
		name   string
		in     []byte
		reason fast.Reason // empty: the connection lives
		reply  string      // name of ERROR, or END
		fin    bool        // the end of the stream follows
	}{
		{name: "version 0", in: seal(with(req(v2), 0, 0), v2), reason: fast.UnsupportedVersion},
		{name: "version 3", in: seal(with(req(v2), 0, 3), v2), reason: fast.UnsupportedVersion},
		{name: "version 2", in: req(v2), reply: "END"},
		{name: "type 0", in: with(req(v1), 1, 0), reason: fast.UnsupportedType},
		{name: "type 2", in: with(req(v1), 1, 2), reason: fast.UnsupportedType},
		{name: "status 0", in: with(req(v1), 2, 0), reason: fast.UnsupportedStatus},
		{name: "status 4", in: with(req(v1), 2, 4), reason: fast.UnsupportedStatus},
		{name: "msgid 2^31", in: with(req(v1), 3, 0x80, 0, 0, 0), reason: fast.InvalidMsgid},
		{name: "msgid 0", in: frame(v1, fast.Data, 0, echoOne), reply: "END"},
		{name: "msgid 2^31-1", in: frame(v1, fast.Data, fast.MaxMsgid, echoOne), reply: "END"},
		{name: "wrong checksum", in: with(req(v1), 9, 0xff, 0xff), reason: fast.BadCRC},
		{name: "upper half of the checksum", in: with(req(v1), 7, 0, 1), reason: fast.BadCRC},
		{name: "version 1 with the checksum of version 2", in: with(req(v2), 0, 1), reason: fast.BadCRC},
		{name: "version 2 with the checksum of version 1", in: with(req(v1), 0, 2), reason: fast.BadCRC},
		{name: "invalid JSON", in: payload(`{"m":{"name":"echo"},"d":[1}`), reason: fast.InvalidJSON},
		{name: "more than one value", in: payload(echoOne + `{}`), reason: fast.InvalidJSON},
		{name: "no payload", in: payload(``), reason: fast.InvalidJSON},
		{name: "null", in: payload(`null`), reason: fast.BadData},
		{name: "string", in: payload(`"echo"`), reason: fast.BadData},
		{name: "array", in: payload(`[]`), reason: fast.BadDataD},
		{name: "no d", in: payload(`{"m":{"name":"echo"}}`), reason: fast.BadDataD},
		{name: "d is an object", in: payload(`{"m":{"name":"echo"},"d":{}}`), reason: fast.BadDataD},
		{name: "no m", in: payload(`{"d":[]}`), reply: "FastError"},
		{name: "m.name missing", in: payload(`{"m":{},"d":[]}`), reply: "FastError"},
		{name: "m.name a number", in: payload(`{"m":{"name":5},"d":[]}`), reply: "FastError"},
		{name: "m.name empty", in: payload(`{"m":{"name":""},"d":[]}`), reply: "FastError"},
		{name: "unknown method", in: payload(`{"m":{"name":"nothing"},"d":[]}`), reply: "FastError"},
		{name: "END", in: frame(v1, fast.End, 7, echoOne), reason: fast.UnexpectedStatus},
		{name: "ERROR", in: append(frame(v1, fast.Error, 1, boom), req(v1)...), reply: "END"},
		{name: "ERROR with an array", in: frame(v1, fast.Error, 1, echoOne), reason: fast.BadError},
		{name: "msgid in use", in: frame(v1, fast.Data, 1, echoOne), reason: fast.DuplicateMsgid},
		{name: "1 byte and the end", in: req(v1)[:1], fin: true, reason: fast.IncompleteMessage},
		{name: "header and the end", in: req(v1)[:15], fin: true, reason: fast.IncompleteMessage},
		{name: "part and the end", in: req(v1)[:20], fin: true, reason: fast.IncompleteMessage},
		{name: "length FFFFFFFF", in: with(req(v1), 11, 0xff, 0xff, 0xff, 0xff), reason: fast.TooLong},
		{name: "length over the limit", in: with(req(v1), 11, 0, 1, 0, 1), reason: fast.TooLong},
		{name: "bytes that are not UTF-8", in: payload("{\"m\":{\"name\":\"echo\"},\"d\":[\"a\xe2\x98b\"]}"), reason: fast.InvalidUTF8},
		{name: "too deep", in: payload(`{"m":{"name":"echo"},"d":[` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `]}`), reason: fast.InvalidJSON},
		{name: "escapes in keys", in: payload(`{"\u006d":{"n\u0061me":"ech\u006f"},"d":[1]}`), reply: "END"},
		{name: "members twice", in: payload(`{"m":{"name":"no"},"d":{},"m":{"name":"echo"},"d":[1]}`), reply: "END"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newGate()
			var cause atomic.Value
			s := serve(t, fast.ServerConfig{MaxPayload: 1 << 16}, func(srv *fast.Server) {
				srv.Handle("gate", func(ctx context.Context, r *fast.Request, w *fast.Writer) error {
					err := g.handle(ctx, r, w)
					if err != nil {
						cause.Store(err)
					}
					return err
				})
			})
			other := s.client(fast.ClientConfig{})
			f := newFar(t, s.conn())
			f.write(frame(v1, fast.Data, 1, waitsGate))
			<-g.begun
			f.write(c.in)
			if c.fin {
				require.NoError(t, f.conn.CloseWrite())
			}
			_, err := collect(other, "echo", `[1]`)
			require.NoError(t, err)
			if c.reason != "" {
				_, err := f.r.Next()
				require.ErrorIs(t, err, io.EOF, "a faulty peer is told nothing")
				waitConns(t, s.srv, 1)
				fault, ok := cause.Load().(error)
				require.True(t, ok, "the running request has not ended with the connection")
				reason(t, fault, c.reason)
				require.EqualValues(t, 1, s.srv.Stats().ProtocolErrors)
				return
			}
			for {
				m := f.next()
				if m.Status == fast.Data {
					continue
				}
				if m.Status == fast.End {
					require.Equal(t, c.reply, "END")
				} else {
					require.Contains(t, string(m.D), `"name":"`+c.reply+`"`)
				}
				break
			}
			close(g.open)
		})
	}
}

// TestServerReuse uses one id again after each END.
func TestServerReuse(t *testing.T) {
	f := newFar(t, serve(t, fast.ServerConfig{}, nil).conn())
	for range 100 {
		f.write(frame(fast.V1, fast.Data, 7, echoOne))
		require.Equal(t, fast.Data, f.next().Status)
		require.Equal(t, fast.End, f.next().Status)
	}
}

// waitConns waits until a server has n connections.
func waitConns(t *testing.T, srv *fast.Server, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return srv.Stats().Connections == n }, patience, time.Millisecond)
}

// TestServerEnds has the rows on the end of the transport, with two requests in one write before it, and on the order of requests and
// end: all are answered.
func TestServerEnds(t *testing.T) {
	s := serve(t, fast.ServerConfig{}, nil)
	for _, n := range []int{1, 2, 3, 10, 100} {
		f := newFar(t, s.conn())
		var b []byte
		for i := range n {
			b = append(b, frame(fast.V1, fast.Data, uint32(i+1), echoOne)...)
		}
		f.write(b)
		require.NoError(t, f.conn.CloseWrite())
		ends := 0
		for {
			m, err := f.r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if m.Status == fast.End {
				ends++
			}
		}
		require.Equal(t, n, ends, "all requests before the end of the stream are answered")
	}
	s.idle()
}

// TestClientFaults sends a client every kind of faulty message with two requests pending, while another client works. Both fail
// with the cause, the client's owner is told of it once and first, and the connection is ended.
func TestClientFaults(t *testing.T) {
	v1, v2 := fast.V1, fast.V2
	msg := func(d fast.Dialect, p string) []byte { return frame(d, fast.Data, 1, p) }
	const fine = `{"m":{"name":"x"},"d":[1]}`
	cases := []struct {
		name   string
		in     []byte
		reason fast.Reason
	}{
		{"unknown msgid", frame(v1, fast.Data, 9, fine), fast.UnknownMsgid},
		{"bad checksum", with(msg(v1, fine), 10, 0), fast.BadCRC},
		{"checksum of version 2", with(msg(v2, fine), 0, 1), fast.BadCRC},
		{"bad JSON", msg(v1, `{"d":[1]`), fast.InvalidJSON},
		{"version 0", with(msg(v1, fine), 0, 0), fast.UnsupportedVersion},
		{"version 3", with(msg(v1, fine), 0, 3), fast.UnsupportedVersion},
		{"type 2", with(msg(v1, fine), 1, 2), fast.UnsupportedType},
		{"status 4", with(msg(v1, fine), 2, 4), fast.UnsupportedStatus},
		{"msgid 2^31", with(msg(v1, fine), 3, 0x80), fast.InvalidMsgid},
		{"ERROR without name", frame(v1, fast.Error, 1, `{"d":{"message":"m"}}`), fast.BadError},
		{"ERROR without message", frame(v1, fast.Error, 1, `{"d":{"name":"m"}}`), fast.BadError},
		{"d no array", msg(v1, `{"d":{}}`), fast.BadDataD},
		{"END, d no array", frame(v1, fast.End, 1, `{"d":null}`), fast.BadDataD},
		{"null", msg(v1, `null`), fast.BadData},
		{"not UTF-8", msg(v1, "{\"d\":[\"\xff\"]}"), fast.InvalidUTF8},
		{"length", with(msg(v1, fine), 11, 0xff), fast.TooLong},
		{"half a message and the end", msg(v1, fine)[:20], fast.IncompleteMessage},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client, f, ev := dialled(t, fast.ClientConfig{})
			other, of, oev := dialled(t, fast.ClientConfig{})
			list := []*fast.Stream{begin(t, client, "m"), begin(t, client, "m")}
			f.next()
			f.next()
			f.write(c.in)
			require.NoError(t, f.conn.CloseWrite())
			first := reason(t, ev.one(t), c.reason)
			for _, s := range list {
				_, err := values(s)
				require.Same(t, first, reason(t, err, c.reason))
			}
			f.silent()
			finished(t, other, of)
			oev.none(t)
			_, err := client.Call(t.Context(), "m", []byte(`[]`))
			require.ErrorIs(t, err, fast.ErrDetached)
		})
	}
	t.Run("either version is taken", func(t *testing.T) {
		client, f, ev := dialled(t, fast.ClientConfig{})
		s := begin(t, client, "m")
		f.next()
		f.d = v2
		f.send(fast.End, 1, `[1]`)
		got, err := values(s)
		require.NoError(t, err)
		require.Equal(t, []string{"1"}, got)
		ev.none(t)
	})
	t.Run("no m in a reply", func(t *testing.T) {
		client, f, ev := dialled(t, fast.ClientConfig{})
		s := begin(t, client, "m")
		f.next()
		f.write(frame(v1, fast.End, 1, `{"d":[1]}`))
		_, err := values(s)
		require.NoError(t, err)
		ev.none(t)
	})
}

// TestClientArguments has what a client refuses before it sends anything.
func TestClientArguments(t *testing.T) {
	c, f, ev := dialled(t, fast.ClientConfig{})
	for _, a := range []struct{ method, args string }{
		{"", `[]`}, {"\xff", `[]`}, {"m", ``}, {"m", `{}`}, {"m", `null`}, {"m", `[1`}, {"m", `[1]x`}, {"m", "[\"\xff\"]"}, {"m", `1`}, {"m", `[` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `]`},
	} {
		_, err := c.Call(t.Context(), a.method, []byte(a.args))
		require.Error(t, err, "%q %q", a.method, a.args)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Call(ctx, "m", []byte(`[]`))
	require.ErrorIs(t, err, fast.ErrAbandoned)
	finished(t, c, f)
	ev.none(t)
}

// TestMessageIDs has ids wrap, and leave out those that are in use.
func TestMessageIDs(t *testing.T) {
	c, f, _ := dialled(t, fast.ClientConfig{MaxRequests: 6})
	held := begin(t, c, "held")
	require.EqualValues(t, 1, f.next().Msgid)
	c.StartAt(fast.MaxMsgid - 2)
	var ids []int64
	for range 4 {
		s := begin(t, c, "m")
		m := f.next()
		ids = append(ids, m.Msgid)
		if len(ids) < 4 {
			f.send(fast.End, m.Msgid, `[]`)
			_, err := values(s)
			require.NoError(t, err)
		} else {
			s.Abandon() // its id stays in use
		}
	}
	require.Equal(t, []int64{fast.MaxMsgid - 1, fast.MaxMsgid, 2, 3}, ids)
	c.StartAt(0)
	for want := int64(2); want <= 6; want++ {
		if want == 3 {
			continue
		}
		begin(t, c, "m")
		require.Equal(t, want, f.next().Msgid)
	}
	_, err := c.Stream(t.Context(), "m", []byte(`[]`))
	require.ErrorIs(t, err, fast.ErrTooManyRequests)
	require.Equal(t, 1, c.Stats().Abandoned)
	held.Abandon()
}

// TestDialects has servers of each kind of checksum, and what they answer in.
func TestDialects(t *testing.T) {
	// Both checksums of this text are 452C.
	const both = `{"m":{"uts":1457475515429869,"name":"date"},"d":[]}`
	require.Equal(t, fast.Sum(fast.Old, []byte(both)), fast.Sum(fast.New, []byte(both)))
	cases := []struct {
		name   string
		cfg    fast.ServerConfig
		sent   []fast.Dialect // one message each
		in     string
		answer fast.Dialect // to the last; zero: the connection ends
	}{
		{"by version, 1", fast.ServerConfig{}, []fast.Dialect{fast.V1}, echoOne, fast.V1},
		{"by version, 2", fast.ServerConfig{}, []fast.Dialect{fast.V2}, echoOne, fast.V2},
		{"by version, both on one connection", fast.ServerConfig{}, []fast.Dialect{fast.V2, fast.V1}, echoOne, fast.V1},
		{"by version, 1 with the new checksum", fast.ServerConfig{}, []fast.Dialect{fast.V1New}, echoOne, fast.Dialect{}},
		{"either, old", fast.ServerConfig{EitherChecksum: true}, []fast.Dialect{fast.V1}, echoOne, fast.V1},
		{"either, new", fast.ServerConfig{EitherChecksum: true}, []fast.Dialect{fast.V1New}, echoOne, fast.V1New},
		{"either, new, then a text that fits both", fast.ServerConfig{EitherChecksum: true}, []fast.Dialect{fast.V1New, fast.V1New}, both, fast.V1New},
		{"either, old, then a text that fits both", fast.ServerConfig{EitherChecksum: true}, []fast.Dialect{fast.V1, fast.V1New}, both, fast.V1},
		{"either, 2", fast.ServerConfig{EitherChecksum: true}, []fast.Dialect{fast.V2}, echoOne, fast.V2},
		{"new, new", fast.ServerConfig{NewChecksum: true}, []fast.Dialect{fast.V1New}, echoOne, fast.V1New},
		{"new, old", fast.ServerConfig{NewChecksum: true}, []fast.Dialect{fast.V1}, echoOne, fast.Dialect{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.cfg, nil)
			f := newFar(t, s.conn())
			var last fast.Dialect
			for i, d := range c.sent {
				text := echoOne
				if i == len(c.sent)-1 {
					text = c.in
				}
				f.write(frame(d, fast.Data, 5, text))
				b, err := readRaw(f.conn)
				if c.answer == (fast.Dialect{}) {
					require.ErrorIs(t, err, io.EOF)
					return
				}
				require.NoError(t, err)
				last = fast.Dialect{Version: b[0], Checksum: fast.New}
				if fast.Sum(fast.Old, b[15:]) == uint32(b[9])<<8|uint32(b[10]) {
					last.Checksum = fast.Old
				}
			}
			require.Equal(t, c.answer, last)
		})
	}
}

// readRaw reads messages to END and gives the last but it.
func readRaw(conn net.Conn) (data []byte, err error) {
	for {
		b := make([]byte, 15)
		if _, err := io.ReadFull(conn, b); err != nil {
			return nil, err
		}
		b = append(b, make([]byte, int(b[13])<<8|int(b[14]))...)
		if _, err := io.ReadFull(conn, b[15:]); err != nil {
			return nil, err
		}
		if b[2] == byte(fast.End) {
			return data, nil
		}
		data = b
	}
}

// TestGolden reads the messages that real releases have written.
func TestGolden(t *testing.T) {
	for _, name := range []string{"golden.txt"} {
		b, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		n := 0
		for line := range strings.Lines(string(b)) {
			text, _, _ := strings.Cut(strings.TrimSpace(line), "#")
			fields := strings.Fields(text)
			if len(fields) == 0 {
				continue
			}
			raw, err := hex.DecodeString(fields[1])
			require.NoError(t, err)
			d := fast.Dialect{Version: raw[0], Checksum: fast.Old}
			if fields[0] != "old" {
				d.Checksum = fast.New
			}
			sum := uint32(raw[7])<<24 | uint32(raw[8])<<16 | uint32(raw[9])<<8 | uint32(raw[10])
			require.Equal(t, sum, fast.Sum(d.Checksum, raw[15:]), line)
			if d != fast.V1New {
				got, err := drain(strings.NewReader(string(raw)))
				require.NoError(t, err)
				require.Len(t, got, 1)
			}
			n++
		}
		require.Greater(t, n, 50)
	}
}

// TestChecksums has the numbers of the catalogue of CRCs, and texts beyond ASCII.
func TestChecksums(t *testing.T) {
	for _, c := range []struct {
		text     string
		old, new uint32
	}{
		{`["hello","world"]`, 0x2AE4, 0x1D4C}, {`123456789`, 0x31C3, 0xBB3D}, {`{"d":["héllo ☃ 😀"]}`, 0x1B65, 0x3A42}, {``, 0, 0},
	} {
		require.Equal(t, c.old, fast.Sum(fast.Old, []byte(c.text)), c.text)
		require.Equal(t, c.new, fast.Sum(fast.New, []byte(c.text)), c.text)
	}
}
