package known

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"

	"handfast/conformance"
	"handfast/conformance/internal/nearest"
)

// Features lists what a peer may claim: those of drivers, and those that cases need (their tags).
func Features() []string {
	return []string{"cuts", "encode", "concurrent", "tls", "tls.bind", "limits", "need", "streams", "delivery", "durable", "batch"}
}

// ParseConfig reads a configuration strictly. File is its path, for errors, which are *FileError with the place of the fault.
func ParseConfig(file string, b []byte) (*Config, error) {
	c := &Config{Path: file}
	if err := decodeStrict(file, b, c); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, &FileError{File: file, Text: err.Error()}
	}
	return c, nil
}

// decodeStrict decodes JSON. An unknown key is an error that names the nearest one, a key that is there twice is an error as well.
func decodeStrict(file string, b []byte, into any) error {
	s := strict{file: file, in: b, d: json.NewDecoder(bytes.NewReader(b))}
	if err := s.value(reflect.TypeOf(into), ""); err != nil {
		return err
	}
	if _, err := s.d.Token(); !errors.Is(err, io.EOF) {
		return s.at(s.d.InputOffset(), "something stands behind the JSON value", nil)
	}
	err := json.Unmarshal(b, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return s.at(wrong.Offset, fmt.Sprintf("%s cannot be a %s", wrong.Field, wrong.Value), nil)
	}
	if err != nil {
		return s.at(0, "not as it should be", err)
	}
	return nil
}

// strict walks JSON along a Go type.
type strict struct {
	file string
	in   []byte
	d    *json.Decoder
}

// value walks one value; t is nil where the type does not matter, which json.Unmarshal finds out.
func (s *strict) value(t reflect.Type, path string) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	token, err := s.d.Token()
	if err != nil {
		return s.broken(err)
	}
	switch token {
	case json.Delim('{'):
		return s.object(t, path)
	case json.Delim('['):
		var element reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			element = t.Elem()
		}
		for s.d.More() {
			if err := s.value(element, path); err != nil {
				return err
			}
		}
		return s.end()
	}
	return nil
}

// object walks the members of an object.
func (s *strict) object(t reflect.Type, path string) error {
	keys := keysOf(t)
	seen := make(map[string]bool)
	for s.d.More() {
		token, err := s.d.Token()
		if err != nil {
			return s.broken(err)
		}
		key, _ := token.(string) // a key is always a string
		at := s.d.InputOffset() - 1
		at = int64(bytes.LastIndexByte(s.in[:at], '"'))
		if seen[key] {
			return s.at(at, fmt.Sprintf("key %q is there twice", path+key), nil)
		}
		seen[key] = true
		if _, known := keys[key]; !known {
			text := fmt.Sprintf("unknown key %q", path+key)
			if t != nil && t.Kind() == reflect.Struct {
				text += didYouMean(keyNames(keys), key)
			}
			return s.at(at, text, nil)
		}
		if err := s.value(keys[key], path+key+"."); err != nil {
			return err
		}
	}
	return s.end()
}

// end takes the bracket behind the last element.
func (s *strict) end() error {
	if _, err := s.d.Token(); err != nil {
		return s.broken(err)
	}
	return nil
}

// broken makes the error of what is no JSON.
func (s *strict) broken(err error) error {
	offset := s.d.InputOffset()
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	}
	if errors.Is(err, io.EOF) {
		return s.at(int64(len(s.in)), "the file ends too early", nil)
	}
	return s.at(offset, "no JSON", err)
}

// at makes the error of a place.
func (s *strict) at(offset int64, text string, cause error) error {
	before := s.in[:min(max(offset, 0), int64(len(s.in)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	return &FileError{File: s.file, Line: line, Column: column, Text: text, Err: cause}
}

// keysOf gives the JSON keys of a struct with the types of their values.
func keysOf(t reflect.Type) map[string]reflect.Type {
	keys := make(map[string]reflect.Type)
	if t == nil || t.Kind() != reflect.Struct {
		return keys
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			keys[name] = t.Field(i).Type
		}
	}
	return keys
}

func keyNames(keys map[string]reflect.Type) []string {
	var names []string
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// didYouMean names what was probably meant.
func didYouMean(names []string, typed string) string {
	near := nearest.Names(names, typed, 1)
	if len(near) == 0 {
		return ""
	}
	return fmt.Sprintf("; the nearest is %q", near[0])
}

// check looks at what the types do not say.
func (c *Config) check() error {
	switch {
	case c.Format != 1:
		return fmt.Errorf("format is %d, and has to be 1", c.Format)
	case c.Spec != "1":
		return fmt.Errorf("spec is %q, and this suite knows wire version \"1\"", c.Spec)
	case !slices.Contains(conformance.Profiles(), c.Profile):
		return fmt.Errorf("no profile %q%s", c.Profile, didYouMean(conformance.Profiles(), c.Profile))
	case c.modes() == 0:
		return errors.New("modes is empty: it needs server, client or codec")
	}
	for _, f := range c.Features {
		if !slices.Contains(Features(), f) {
			return fmt.Errorf("no feature %q%s", f, didYouMean(Features(), f))
		}
	}
	for _, ms := range []int64{c.Timeouts.StepMS, c.Timeouts.PatienceMS} {
		if ms < 0 || ms > 24*3600*1000 {
			return fmt.Errorf("a timeout of %d ms is none from 0 to a day", ms)
		}
	}
	if c.TLS != nil && (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("tls.cert and tls.key go together")
	}
	return c.Modes.check()
}

// check looks at the ways to attach.
func (m Modes) check() error {
	for _, d := range []struct {
		name   string
		driver *Driver
	}{{"client", m.Client}, {"codec", m.Codec}} {
		if d.driver != nil && (len(d.driver.Command) == 0 || d.driver.Command[0] == "") {
			return fmt.Errorf("modes.%s has no command", d.name)
		}
	}
	if m.Client != nil && m.Client.Once {
		return errors.New("modes.client.once: only a codec can be started for each input")
	}
	s := m.Server
	if s == nil {
		return nil
	}
	listens := s.Addr != "" || s.TLSAddr != ""
	if listens == (len(s.Command) > 0) {
		return errors.New("modes.server needs either a command, or addr and tls_addr or one of them")
	}
	for _, addr := range []string{s.Addr, s.TLSAddr} {
		if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
			return fmt.Errorf("modes.server: %q is no HOST:PORT: %w", addr, err)
		}
	}
	return nil
}
