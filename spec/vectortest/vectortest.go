// Package vectortest reads, for tests, the files of vectors that stand beside their schema: testdata/cells, clock, realtime and sync. Those of
// testdata/vectors have a reader of their own, package testdata.
package vectortest

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// Read reads a file NAME.json that obeys NAME.schema.json beside it. A member that T does not have ends the test: a vector of which a part is not looked
// at judges less than it seems to.
func Read[T any](t testing.TB, path string) T {
	t.Helper()
	file, err := load[T](path)
	require.NoError(t, err, path)
	return file
}

func load[T any](path string) (file T, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return file, err
	}
	schema, err := jsonschema.NewCompiler().Compile(strings.TrimSuffix(path, ".json") + ".schema.json")
	if err != nil {
		return file, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw)) // refuses a second value too
	if err != nil {
		return file, err
	}
	if err := schema.Validate(value); err != nil {
		return file, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return file, d.Decode(&file)
}
