package call_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/call"
)

// blameless fails the test when a link logs a fault of this program.
type blameless struct{ t testing.TB }

func (b blameless) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }
func (b blameless) WithAttrs([]slog.Attr) slog.Handler               { return b }
func (b blameless) WithGroup(string) slog.Handler                    { return b }
func (b blameless) Handle(_ context.Context, r slog.Record) error {
	b.t.Errorf("logged as a fault of this program: %s", r.Message)
	return nil
}

// TestDoneOnce: a call that never begins is done once, so that its slot is given back once, and not before its stream has ended
// (CALL-012, STRM-010). Done once too often is logged, and fails this test.
func TestDoneOnce(t *testing.T) {
	for name, messages := range map[string][][]byte{
		"FIN alone":                nil,
		"an empty message":         {{}},
		"ARG first":                {codec.AppendCallArg(nil, []byte("x"))},
		"an unknown method":        {request(t, "nobody", 0, nil)},
		"an unknown method, twice": {request(t, "nobody", 0, nil), request(t, "nobody", 0, nil)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				d, a := served(t, nil, nil)
				for range 3 {
					s, err := d.Open(t.Context(), call.Proto, nil)
					require.NoError(t, err)
					for _, m := range messages {
						_ = s.Send(m)
					}
					_ = s.CloseSend()
					_, _ = ending(s)
				}
				s, err := d.Open(t.Context(), call.Proto, nil)
				require.NoError(t, err)
				s.Reset(codec.CodeCancelled, "")
				synctest.Wait()
				require.Zero(t, a.Stats().Streams)
			})
		})
	}
}
