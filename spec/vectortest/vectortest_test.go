package vectortest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const schema = `{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["format"], "properties": {"format": {"const": 1}}}`

type file struct {
	Format int
	Lists  []struct{ ID string }
}

// written writes a file and its schema, and gives the file's path.
func written(t *testing.T, content, rules string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"a.json": content, "a.schema.json": rules} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return filepath.Join(folder, "a.json")
}

func TestRead(t *testing.T) {
	path := written(t, `{"format": 1, "lists": [{"id": "x"}]}`, schema)
	require.Equal(t, file{1, []struct{ ID string }{{"x"}}}, Read[file](t, path))
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"no JSON":              {`{"format": 1`, "EOF"},
		"two values":           {`{"format": 1} {"format": 1}`, "after top-level value"},
		"an unknown member":    {`{"format": 1, "more": 1}`, `unknown field "more"`},
		"an unknown one below": {`{"format": 1, "lists": [{"id": "x", "why": "y"}]}`, `unknown field "why"`},
	} {
		_, err := load[file](written(t, c.content, schema))
		require.ErrorContains(t, err, c.want, name)
	}
	_, err := load[file](written(t, `{"format": 2}`, schema))
	var against *jsonschema.ValidationError
	require.ErrorAs(t, err, &against)
	_, err = load[file](written(t, `{"format": 1}`, `{`))
	require.ErrorContains(t, err, "a.schema.json", "no schema")
	_, err = load[file](filepath.Join("nowhere", "a.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
