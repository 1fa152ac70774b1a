package fast_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// recorder keeps what is written to a connection.
type recorder struct {
	net.Conn
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	n, err := r.Conn.Write(p)
	r.mu.Lock()
	r.b.Write(p[:n])
	r.mu.Unlock()
	return n, err
}

// wild makes texts that are JSON, and texts that are not.
func wild(r *rand.Rand) string {
	parts := []string{`{"a":`, `[`, `]`, `}`, `"☃"`, `"\ud83d"`, "\"\xff\"", `null`, `1e9`, `-0`, `,`, `true`, "\x00", `"\u0000"`, " ", `"b":`, `"` + strings.Repeat("😀", r.IntN(50)) + `"`}
	switch r.IntN(3) {
	case 0:
		b, _ := json.Marshal(map[string]any{fmt.Sprint(r.Uint32()): []any{r.Float64(), nil, "é", map[string]any{}}})
		return string(b)
	case 1:
		return `{"n":` + fmt.Sprint(r.Int64()) + `}`
	}
	var s strings.Builder
	for range r.IntN(6) {
		s.WriteString(parts[r.IntN(len(parts))])
	}
	return s.String()
}

// TestOnlyGoodBytes drives a client and a server with whatever their users may come up with, in every dialect, and reads all that both
// have written: whole messages without a fault, and nothing else. The servers of other releases die of anything else.
func TestOnlyGoodBytes(t *testing.T) {
	for i, d := range []fast.Dialect{fast.V1, fast.V2, fast.V1New} {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		a, b := pair(t)
		near, there := &recorder{Conn: a}, &recorder{Conn: b}
		srv := fast.NewServer(fast.ServerConfig{NewChecksum: d == fast.V1New})
		fast.AddDemo(srv)
		srv.Handle("", func(_ context.Context, q *fast.Request, w *fast.Writer) error {
			if len(q.Args) > 2 {
				_ = w.Send(q.Args[1 : len(q.Args)-1])
			}
			_ = w.Send([]byte(q.Method))
			return &fast.ServerError{Name: q.Method, Message: q.Method, Context: json.RawMessage(q.Method), Info: json.RawMessage(q.Method), ASEErrors: json.RawMessage(q.Method)}
		})
		served := make(chan error, 1)
		go func() { served <- srv.ServeConn(context.Background(), there) }()
		c := fast.NewClient(near, fast.ClientConfig{Dialect: d, OnError: func(err error) { t.Error(err) }})
		methods := []string{"echo", "yes", "fail", "date", "☃", "\xff", "", "a\"b\\c", "\u2028", "null", "{}"}
		for range 2000 {
			method := methods[r.IntN(len(methods))]
			if r.IntN(3) == 0 {
				method = wild(r)
			}
			args := []byte(`[` + wild(r) + `]`)
			if r.IntN(4) == 0 {
				args = []byte(wild(r))
			}
			s, err := c.Stream(t.Context(), method, args)
			if err != nil {
				require.ErrorIs(t, err, fast.ErrArguments)
				continue
			}
			switch r.IntN(3) {
			case 0:
				s.Abandon()
			default:
				_, _ = values(s)
			}
		}
		_, err := collect(c, "date", `[]`)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return c.Stats().Pending == 0 }, patience, time.Millisecond) // a close with unread bytes is a reset
		require.NoError(t, c.Close())
		require.NoError(t, <-served)
		require.Zero(t, srv.Stats().ProtocolErrors)
		for who, rec := range map[string]*recorder{"client": near, "server": there} {
			raw := rec.b.Bytes()
			list, err := drain(bytes.NewReader(asRead(raw, d)))
			require.NoError(t, err, who)
			require.Greater(t, len(list), 500, who)
			require.True(t, utf8.Valid(bytes.Join(payloads(list), nil)))
			for _, m := range list {
				require.True(t, m.Named, who)
				if who == "client" {
					require.Equal(t, fast.Data, m.Status)
					require.Positive(t, m.Msgid)
				}
			}
		}
	}
}

func payloads(list []fast.Message) (all [][]byte) {
	for _, m := range list {
		all = append(all, m.D)
	}
	return all
}

// asRead gives messages of the third dialect as version 2, which has the same checksum: the reader of this test knows two.
func asRead(raw []byte, d fast.Dialect) []byte {
	if d != fast.V1New {
		return raw
	}
	out := bytes.Clone(raw)
	for at := 0; at+15 <= len(out); {
		out[at] = 2
		at += 15 + int(out[at+11])<<24 + int(out[at+12])<<16 + int(out[at+13])<<8 + int(out[at+14])
	}
	return out
}
