package compat

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseReleases(t *testing.T) {
	list, err := Releases()
	require.NoError(t, err)
	require.NotNil(t, list)
	const good = `{"name":"v1.0.0","commit":"0123456789012345678901234567890123456789","wire":[1],"protos":{"call":[1]},"profile":"core"}`
	list, err = parseReleases([]byte(`{"format":1,"releases":[` + good + `]}`))
	require.NoError(t, err)
	require.Equal(t, []Release{{Name: "v1.0.0", Commit: "0123456789012345678901234567890123456789", Wire: []uint16{1}, Protos: map[string][]uint16{"call": {1}}, Profile: "core"}}, list)
	for _, bad := range []string{
		``, `{}`, `{"format":2,"releases":[]}`, `{"format":1,"releases":[{}]}`, `{"format":1,"releases":[` + good + `,` + good + `]}`, `{"format":1,"more":1}`,
		`{"format":1,"releases":[{"name":"a","commit":"main","wire":[1],"protos":{"call":[1]},"profile":"core"}]}`,
		`{"format":1,"releases":[{"name":"a","commit":"0123456789012345678901234567890123456789","protos":{"call":[1]},"profile":"core"}]}`,
	} {
		_, err := parseReleases([]byte(bad))
		require.Error(t, err, bad)
	}
}
