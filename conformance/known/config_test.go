package known

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const whole = `{
 "$schema": "conformance.schema.json",
 "format": 1,
 "spec": "1",
 "profile": "core",
 "modes": {
  "server": {"addr": "127.0.0.1:7400", "tls_addr": "[::1]:7401"},
  "client": {"command": ["python", "driver.py"]},
  "codec": {"command": ["./driver"], "once": true}
 },
 "features": ["tls", "limits"],
 "tls": {"ca": "ca.pem", "cert": "c.pem", "key": "k.pem", "name": "peer"},
 "timeouts": {"step_ms": 2000, "patience_ms": 60000},
 "known": "sub/k",
 "lock": "/abs/l"
}
`

const least = `{"format": 1, "spec": "1", "profile": "codec", "modes": {"server": {"command": ["./peer"]}}}`

func validate(t *testing.T, text string) error {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(ConfigSchema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("urn:test", schema))
	compiled, err := c.Compile("urn:test")
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	require.NoError(t, err)
	return compiled.Validate(doc)
}

func TestConfig(t *testing.T) {
	for _, text := range []string{whole, least} {
		_, err := ParseConfig("dir/conformance.json", []byte(text))
		require.NoError(t, err)
		require.NoError(t, validate(t, text))
	}
	c, err := ParseConfig("dir/conformance.json", []byte(whole))
	require.NoError(t, err)
	require.True(t, c.Claims("tls") && !c.Claims("streams"))
	require.Equal(t, filepath.Join("dir", "sub", "k"), c.KnownPath())
	require.Equal(t, "/abs/l", c.LockPath())
	require.Equal(t, filepath.Join("dir", "ca.pem"), c.Resolve(c.TLS.CA))
	require.Equal(t, 2*time.Second, c.Timeouts.Step())
	require.Equal(t, time.Minute, c.Timeouts.Patience())
	c, err = ParseConfig("conformance.json", []byte(least))
	require.NoError(t, err)
	require.Equal(t, KnownFile, c.KnownPath())
	require.Equal(t, LockFile, c.LockPath())
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	c, err := Load(dir)
	require.NoError(t, err)
	require.Nil(t, c)
	_, err = LoadFile(filepath.Join(dir, ConfigFile))
	require.ErrorIs(t, err, os.ErrNotExist, "a file that was asked for has to be there")
	require.NoError(t, os.WriteFile(filepath.Join(dir, ConfigFile), []byte(least), 0o600))
	c, err = Load(dir)
	require.NoError(t, err)
	require.Equal(t, "codec", c.Profile)
}

// TestConfigRefuses breaks one thing at a time. What the schema can say, it has to refuse as well.
func TestConfigRefuses(t *testing.T) {
	tests := []struct {
		name, old, new string
		line           int
		says           string
		schema         bool
	}{
		{"unknown key", `"features"`, `"feature"`, 11, `"feature"; the nearest is "features"`, true},
		{"unknown key inside", `"once"`, `"onse"`, 9, `"modes.codec.onse"; the nearest is "once"`, true},
		{"another case of letters", `"spec"`, `"Spec"`, 4, `"Spec"; the nearest is "spec"`, true},
		{"a key twice", `"lock"`, `"known"`, 15, "twice", false},
		{"another type", `2000`, `"2s"`, 13, "timeouts.step_ms cannot be a string", true},
		{"no JSON", `"spec": "1",`, `"spec": "1"`, 5, "no JSON", false},
		{"half a file", "}\n", "", 0, "ends too early", false},
		{"something behind", "/l\"\n}", "/l\"\n}{", 0, "behind", false},
		{"another format", `"format": 1`, `"format": 2`, 0, "format", true},
		{"another spec", `"spec": "1"`, `"spec": "2"`, 0, "wire version", true},
		{"no such profile", `"core"`, `"cor"`, 0, `nearest is "core"`, true},
		{"no such feature", `"limits"`, `"limit"`, 0, `nearest is "limits"`, true},
		{"permitted choices, which are not claimed", `"tls": {`, `"options": ["OPT-004"], "tls": {`, 12, `"options"`, true},
		{"a driver without command", `["python", "driver.py"]`, `[]`, 0, "modes.client has no command", true},
		{"both address and command", `"addr": "127.0.0.1:7400"`, `"addr": "127.0.0.1:7400", "command": ["x"]`, 0, "either", true},
		{"no port", `127.0.0.1:7400`, `127.0.0.1`, 0, "HOST:PORT", true},
		{"a negative timeout", `60000`, `-1`, 0, "-1 ms", true},
		{"a certificate without key", `, "key": "k.pem"`, ``, 0, "go together", true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			spoiled := replaceLast(whole, tc.old, tc.new)
			require.NotEqual(t, whole, spoiled)
			_, err := ParseConfig("conformance.json", []byte(spoiled))
			fault, ok := errors.AsType[*FileError](err)
			require.True(t, ok, "%v", err)
			require.ErrorContains(t, err, tc.says)
			if tc.line > 0 {
				require.Equal(t, tc.line, fault.Line, "%v", err)
				require.Positive(t, fault.Column)
			}
			if tc.schema {
				require.Error(t, validate(t, spoiled), "the schema lets it through")
			}
		})
	}
}

// replaceLast replaces the last occurrence of old.
func replaceLast(text, old, with string) string {
	at := bytes.LastIndex([]byte(text), []byte(old))
	return text[:at] + with + text[at+len(old):]
}
