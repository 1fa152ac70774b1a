package access

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseOperators(t *testing.T) {
	key := "key:" + strings.Repeat("0a", 32)
	o, err := ParseOperators([]string{"loopback", key})
	require.NoError(t, err)
	require.Equal(t, Operators{loopback: true, keys: []string{key}}, o)
	for _, bad := range []string{"", "ALL", "node:" + strings.Repeat("0a", 16), key[:67], strings.ToUpper(key)} {
		_, err := ParseOperators([]string{bad})
		require.ErrorIs(t, err, ErrOperator, bad)
	}
}

func TestLocal(t *testing.T) {
	for addr, want := range map[net.Addr]bool{
		&net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}:          true,
		&net.TCPAddr{IP: net.IPv6loopback}:                true,
		&net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1")}: true,
		&net.UnixAddr{}:                          true,
		&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}: false,
		&net.TCPAddr{}:                           false,
		nil:                                      false,
	} {
		require.Equal(t, want, local(addr), "%v", addr)
	}
}
