package fast_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

const dummy = `{"name":"DummyError","message":"dummy error message","info":{"dummyProp":"dummyVal"},"context":{"a":1},"ase_errors":[{"name":"x"}],"someOtherProp":7}`

// TestClientRequest has the 14 cases of node-fast's tst.client_request: one request against a scripted server.
func TestClientRequest(t *testing.T) {
	serverError := func(t *testing.T, err error) {
		r, ok := errors.AsType[*fast.RequestError](err)
		require.True(t, ok)
		require.Equal(t, "testmethod", r.Method)
		require.EqualValues(t, 1, r.Msgid)
		require.ErrorContains(t, err, "request failed: server error: DummyError")
		e, ok := errors.AsType[*fast.ServerError](err)
		require.True(t, ok)
		require.Equal(t, "DummyError", e.Name)
		require.Equal(t, "dummy error message", e.Message)
		require.JSONEq(t, `{"dummyProp":"dummyVal"}`, string(e.Info))
		require.JSONEq(t, `{"a":1}`, string(e.Context))
		require.JSONEq(t, `[{"name":"x"}]`, string(e.ASEErrors))
	}
	ends := func(want error) func(*testing.T, error) {
		return func(t *testing.T, err error) { require.ErrorIs(t, err, want) }
	}
	says := func(want fast.Reason, text string) func(*testing.T, error) {
		return func(t *testing.T, err error) {
			reason(t, err, want)
			require.ErrorContains(t, err, text)
		}
	}
	cases := []struct {
		name   string
		script func(f *far)
		values []string
		failed func(*testing.T, error) // request error
		fatal  bool                    // and client error with the same cause
	}{
		{name: "01 END", script: func(f *far) { f.send(fast.End, 1, `[]`) }},
		{name: "02 values in DATA and END", values: numbers(0, 10), script: func(f *far) {
			f.send(fast.Data, 1, `[]`)
			f.send(fast.Data, 1, `[0]`)
			f.send(fast.Data, 1, `[1,2]`)
			f.send(fast.Data, 1, `[3, 4 ,5]`)
			f.send(fast.End, 1, `[6,7,8,9]`)
		}},
		{name: "03 ERROR at once", failed: serverError, script: func(f *far) { f.send(fast.Error, 1, dummy) }},
		{name: "04 DATA and ERROR", failed: serverError, values: numbers(0, 5), script: func(f *far) {
			for _, v := range numbers(0, 5) {
				f.send(fast.Data, 1, "["+v+"]")
			}
			f.send(fast.Error, 1, dummy)
		}},
		{name: "05 ERROR with more members", failed: serverError, script: func(f *far) { f.send(fast.Error, 1, dummy) }},
		{name: "06 end without a reply", failed: ends(fast.ErrUnexpectedEnd), fatal: true, script: func(f *far) {}},
		{name: "07 one byte and the end", failed: says(fast.IncompleteMessage, "incomplete message at end-of-stream"), fatal: true, script: func(f *far) { f.write([]byte{1}) }},
		{name: "08 DATA and the end", values: []string{`"one"`}, failed: ends(fast.ErrUnexpectedEnd), fatal: true, script: func(f *far) { f.send(fast.Data, 1, `["one"]`) }},
		{name: "09 another msgid", failed: says(fast.UnknownMsgid, "unknown msgid 47"), fatal: true, script: func(f *far) { f.send(fast.End, 47, `[]`) }},
		{name: "10 invalid JSON", failed: says(fast.InvalidJSON, "invalid JSON"), fatal: true, script: func(f *far) { f.write(frame(f.d, fast.Data, 1, `{`)) }},
		{name: "11 ERROR with {}", failed: says(fast.BadError, "data.d for ERROR messages must have name"), fatal: true, script: func(f *far) { f.send(fast.Error, 1, `{}`) }},
		{name: "12 10,000 DATA and END with 1", values: numbers(0, 10001), script: func(f *far) {
			for _, v := range numbers(0, 10000) {
				f.send(fast.Data, 1, "["+v+"]")
			}
			f.send(fast.End, 1, `[10000]`)
		}},
		{name: "13 END with 10,000", values: numbers(0, 10000), script: func(f *far) { f.send(fast.End, 1, "["+strings.Join(numbers(0, 10000), ",")+"]") }},
		{name: "14 metrics", script: func(f *far) { f.send(fast.End, 1, `[]`) }},
	}
	require.Len(t, cases, 14)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client, f, ev := dialled(t, fast.ClientConfig{})
			s, err := client.Stream(context.Background(), "testmethod", []byte(`["lafayette"]`))
			require.NoError(t, err)
			m := f.next()
			require.Equal(t, fast.Data, m.Status)
			require.Equal(t, "testmethod", m.Name)
			require.JSONEq(t, `["lafayette"]`, string(m.D))
			done := make(chan struct{})
			go func() {
				defer close(done)
				c.script(f)
				_ = f.conn.CloseWrite()
			}()
			got, err := values(s)
			<-done
			require.Equal(t, c.values, got)
			if c.failed == nil {
				require.NoError(t, err)
			} else {
				c.failed(t, err)
			}
			if c.fatal {
				c.failed(t, ev.one(t))
			} else {
				<-client.Done() // the end of the stream with nothing pending is no error
				ev.none(t)
			}
			var b bytes.Buffer
			require.NoError(t, client.WriteMetrics(&b, "tst.client_request"))
			require.Contains(t, b.String(), `fast_client_requests_completed{rpcMethod="testmethod",service="tst.client_request"} 1`)
		})
	}
}
