package driver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// canned is a driver that prints what it was given, whatever it is asked.
type canned struct{ io.Reader }

func (c *canned) Write(p []byte) (int, error) { return len(p), nil }
func (c *canned) closeWrite()                 {}
func (c *canned) kill()                       {}
func (c *canned) end(time.Duration) bool      { return true }
func (c *canned) exit() *Exit                 { return nil }
func (c *canned) tail() string                { return "" }
func (c *canned) close()                      {}
func (c *canned) pid() int                    { return 0 }

// FuzzAnswers lets a driver print anything: what comes of it is an answer of a kind that was asked for, or a *Fault, and always soon.
func FuzzAnswers(f *testing.F) {
	for _, line := range []string{
		`{"id":"1","answer":"accept","value":{"int":"1"},"consumed":"1"}`, `{"id":"1","answer":"decoded","items":[{"answer":"more"},{"answer":"reject","code":"STATE","scope":"link"}]}`,
		`{"id":"2","answer":"ok"}`, `{"answer":"broken","text":"x"}`, `[]`, `{"id":"1"`, "\r\n", `{"id":"1","answer":"hello","bugs":["a",{"name":"b"}],"fin":"true"}`,
	} {
		f.Add([]byte(line + "\n"))
	}
	f.Fuzz(func(t *testing.T, printed []byte) {
		p := newProcess(&canned{Reader: bytes.NewReader(printed)}, time.Second)
		a, err := p.Do(context.Background(), Request{Op: OpDecode}, KindAccept, KindReject, KindMore)
		if err != nil {
			_, ok := errors.AsType[*Fault](err)
			require.True(t, ok, "%T %v", err, err)
		} else {
			require.Contains(t, []string{KindAccept, KindReject, KindMore, KindUnsupported}, a.Kind)
		}
		p.Kill()
		_ = p.Close()
	})
}

// FuzzRequests gives anything to a driver that is written in Go: it answers each line that is a request, and falls over none.
func FuzzRequests(f *testing.F) {
	f.Add([]byte(`{"id":"1","op":"hello","driver":"1"}` + "\n" + `{"id":"2","op":"decode","hex":"00","what":"frame"}` + "\n"))
	f.Add([]byte(`{"id":"1","op":"encode","value":{"a":[1,2]}}` + "\n" + `{"id":"3","op":"bye"}` + "\n"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		var out bytes.Buffer
		program := Program{Handle: func(_ context.Context, r Request) Answer {
			return Answer{Kind: KindAccept, Value: r.Value, Hex: r.Args["hex"]}
		}}
		require.NoError(t, Serve(t.Context(), bytes.NewReader(lines), &out, program))
		require.LessOrEqual(t, bytes.Count(out.Bytes(), []byte("\n")), 1+bytes.Count(lines, []byte("\n"))+bytes.Count(lines, []byte("\r")))
	})
}
