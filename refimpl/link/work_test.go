package link_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// TestStuckWork: Close and Drain do not wait for ever for work that ignores its end. They name it, and Done is honest: it stays
// open until the work has returned.
func TestStuckWork(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, l *link.Link) error{
		"Close": func(_ *testing.T, l *link.Link) error { return l.Close(codec.CodeShutdown, "") },
		"Drain": func(t *testing.T, l *link.Link) error {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			return l.Drain(ctx, codec.CodeShutdown)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				cfg := node(1, func(s *link.Stream, _ []byte) {
					s.Accept(nil)
					s.GoAs("digs", func() { <-release })
					s.Done()
				})
				r, l := against(t, cfg, false)
				r.send(open(1))
				await[codec.Accept](r)
				pass(time.Second)
				require.Equal(t, []link.Work{{Stream: 1, Proto: "t", Name: "digs", For: time.Second}}, l.Work())
				from := time.Now()
				err := end(t, l)
				stuck, ok := errors.AsType[*link.StuckError](err)
				require.True(t, ok, "%v", err)
				require.Len(t, stuck.Work, 1)
				require.Equal(t, "digs", stuck.Work[0].Name)
				require.ErrorContains(t, err, "t digs")
				require.LessOrEqual(t, time.Since(from), 3*time.Second+2*time.Second+5*time.Second) // the drain, LINGER, WorkTimeout
				select {
				case <-l.Done():
					t.Fatal("Done, although the work goes on")
				default:
				}
				close(release)
				<-l.Done()
				require.Empty(t, l.Work())
				require.NoError(t, l.Close(codec.CodeNoError, ""), "now all has ended")
			})
		})
	}
}

// TestJoinForgotten: a message of which a part has come is forgotten with its stream, at once.
func TestJoinForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := against(t, node(1, echo), false)
		r.send(open(1), data(1, codec.FlagMore, make([]byte, 50_000)))
		synctest.Wait()
		require.Equal(t, 1, l.Joins())
		require.Equal(t, int64(50_000), l.Joining())
		r.send(codec.Reset{Stream: 1, Code: codec.CodeCancelled})
		synctest.Wait()
		require.Zero(t, l.Joins(), "it would be kept until the next tick")
		require.Zero(t, l.Joining())
	})
}
