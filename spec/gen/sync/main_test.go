package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"handfast/spec/internal/outputs"
)

// TestFileIsCurrent: the file is what the command would write, and obeys its schema.
func TestFileIsCurrent(t *testing.T) {
	root, err := outputs.Root()
	require.NoError(t, err)
	list, err := files(root)
	require.NoError(t, err)
	require.Empty(t, outputs.Stale(root, list...), "go run ./spec/gen/sync")

	schema, err := os.ReadFile(filepath.Join(root, "testdata/sync/messages.schema.json"))
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("urn:test", parsed))
	s, err := c.Compile("urn:test")
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(list[0].Content))
	require.NoError(t, err)
	require.NoError(t, s.Validate(value))
}

func TestRunReportsNothingNew(t *testing.T) {
	var out, faults bytes.Buffer
	require.Zero(t, run(&out, &faults))
	require.Empty(t, out.String()+faults.String())
}
