package codec

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorText(t *testing.T) {
	cause := errors.New("cause")
	cases := []struct {
		err  *Error
		want string
	}{
		{&Error{Code: CodeEncoding, Req: "MP-003", Offset: 7, Detail: "detail"}, "codec: ENCODING at byte 7 [MP-003]: detail"},
		{&Error{Code: CodeHeaderCRC}, "codec: HEADER_CRC at byte 0"},
		{&Error{Code: CodeEncoding, Detail: "detail", Err: cause}, "codec: ENCODING at byte 0: detail: cause"},
	}
	for _, tc := range cases {
		require.Equal(t, tc.want, tc.err.Error())
	}
}

func TestErrorIs(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("reading: %w", &Error{Code: CodeEncoding, Req: "MP-003", Offset: 7, Err: cause})
	require.ErrorIs(t, err, &Error{Code: CodeEncoding})
	require.ErrorIs(t, err, &Error{Code: CodeEncoding, Req: "MP-003"})
	require.ErrorIs(t, err, cause)
	require.NotErrorIs(t, err, &Error{Code: CodeEncoding, Req: "MP-004"})
	require.NotErrorIs(t, err, &Error{Code: CodeFrameSize})
	require.NotErrorIs(t, err, (*Error)(nil))
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok)
	require.Equal(t, 7, e.Offset)
}

func TestErrShort(t *testing.T) {
	require.ErrorIs(t, ErrShort, io.ErrUnexpectedEOF)
}

func TestScopeString(t *testing.T) {
	require.Equal(t, "link", ScopeLink.String())
	require.Equal(t, "stream", ScopeStream.String())
	require.Equal(t, "item", ScopeItem.String())
	require.Equal(t, "scope 9", Scope(9).String())
}
