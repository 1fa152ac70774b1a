package link_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// TestBeforeAccept: what an acceptor of a stream may say before it has answered OPEN is RESET, and nothing else (STRM-003,
// STRM-021).
func TestBeforeAccept(t *testing.T) {
	for _, tc := range []struct {
		name string
		send []codec.Message
		code codec.Code // NO_ERROR: the link goes on
	}{
		{"DATA", []codec.Message{data(1, 0, []byte("x"))}, codec.CodeState},
		{"FIN", []codec.Message{data(1, codec.FlagFin)}, codec.CodeState},
		{"CREDIT", []codec.Message{codec.Credit{Stream: 1, Max: 1 << 30}}, codec.CodeState},
		{"CREDIT that raises nothing", []codec.Message{codec.Credit{Stream: 1}}, codec.CodeState},
		{"ACCEPT, then DATA", []codec.Message{codec.Accept{Stream: 1}, data(1, 0, []byte("x"))}, codec.CodeNoError},
		{"ACCEPT, then CREDIT", []codec.Message{codec.Accept{Stream: 1}, codec.Credit{Stream: 1, Max: 1 << 30}}, codec.CodeNoError},
		{"ACCEPT twice", []codec.Message{codec.Accept{Stream: 1}, codec.Accept{Stream: 1}}, codec.CodeState},
		{"REJECT behind ACCEPT", []codec.Message{codec.Accept{Stream: 1}, codec.Reject{Stream: 1}}, codec.CodeState},
		{"RESET", []codec.Message{codec.Reset{Stream: 1}}, codec.CodeNoError},
		{"REJECT, then DATA that was on its way", []codec.Message{codec.Reject{Stream: 1}, data(1, 0, []byte("x"))}, codec.CodeNoError},
		{"DATA on a stream that is not open yet", []codec.Message{data(3, 0, []byte("x"))}, codec.CodeState},
		{"ACCEPT of one", []codec.Message{codec.Accept{Stream: 3}}, codec.CodeState},
		{"ACCEPT on the acceptor's own", []codec.Message{codec.Accept{Stream: 2}}, codec.CodeState},
		{"on stream 0", []codec.Message{codec.Unknown{Type: codec.TypeAccept, Payload: []byte{0x80}}}, codec.CodeProtocol},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l := against(t, node(1, nil), true)
				_, err := l.Open(t.Context(), "t", nil)
				require.NoError(t, err)
				await[codec.Open](r)
				r.send(tc.send...)
				if tc.code == codec.CodeNoError {
					r.stillAlive()
				} else {
					r.closedWith(tc.code)
				}
			})
		})
	}
}
