package matrix

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
)

// Impl is one implementation: a dialer, an acceptor, or both.
type Impl struct {
	Name string `json:"name"` // words with hyphens, unique

	// Dialer is the command of a driver of the role dialer.
	Dialer []string `json:"dialer,omitempty"`

	// Acceptor is a command that prints where it listens, as conformance/DRIVER.md says. {ca}, {cert} and {key} in its arguments are
	// replaced by the names of PEM files: the authority of the dialers' certificates, and a certificate for 127.0.0.1 with its key.
	Acceptor []string `json:"acceptor,omitempty"`

	// Addr and TLSAddr are HOST:PORT of an acceptor that runs already, in place of Acceptor. CA is the PEM file of its authorities and
	// ServerName the name in its certificate, where they are not those of {ca} and 127.0.0.1.
	Addr       string `json:"addr,omitempty"`
	TLSAddr    string `json:"tls_addr,omitempty"`
	CA         string `json:"ca,omitempty"`
	ServerName string `json:"server_name,omitempty"`
}

// accepts tells an implementation that has an acceptor.
func (i *Impl) accepts() bool { return len(i.Acceptor) > 0 || i.Addr != "" || i.TLSAddr != "" }

// FileError says what is wrong with a list of implementations.
type FileError struct {
	Where  string // name or number of the implementation, "" for the whole
	Reason string
	Err    error // of the reader or of the JSON, or nil
}

// Error gives place and reason.
func (e *FileError) Error() string {
	text := "matrix: "
	if e.Where != "" {
		text += e.Where + ": "
	}
	text += e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the error of the reader or of the JSON.
func (e *FileError) Unwrap() error { return e.Err }

// maxFile bounds a list of implementations, bytes.
const maxFile = 1 << 20

var implName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Read reads a list of implementations: {"format": 1, "impls": [...]}. Unknown members are errors. The error is a *FileError.
func Read(r io.Reader) ([]Impl, error) {
	var file struct {
		Format int    `json:"format"`
		Impls  []Impl `json:"impls"`
	}
	d := json.NewDecoder(io.LimitReader(r, maxFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, &FileError{Reason: "not a list of implementations of format 1", Err: err}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &FileError{Reason: "something stands behind it"}
	}
	if file.Format != 1 {
		return nil, &FileError{Reason: fmt.Sprintf("format %d, and this suite reads format 1", file.Format)}
	}
	return file.Impls, check(file.Impls)
}

// check looks for what cannot be run.
func check(impls []Impl) error {
	seen := make(map[string]bool)
	dialers, acceptors := 0, 0
	for n := range impls {
		i := &impls[n]
		where := i.Name
		switch {
		case !implName.MatchString(i.Name):
			return &FileError{Where: fmt.Sprintf("impls[%d]", n), Reason: fmt.Sprintf("name %q is not of lower-case words with hyphens", i.Name)}
		case seen[i.Name]:
			return &FileError{Where: where, Reason: "is there twice"}
		case len(i.Dialer) == 0 && !i.accepts():
			return &FileError{Where: where, Reason: "has neither dialer nor acceptor"}
		case len(i.Acceptor) > 0 && (i.Addr != "" || i.TLSAddr != ""):
			return &FileError{Where: where, Reason: "has an acceptor to start and the address of one that runs"}
		}
		for _, addr := range []string{i.Addr, i.TLSAddr} {
			if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
				return &FileError{Where: where, Reason: fmt.Sprintf("%q is no HOST:PORT", addr), Err: err}
			}
		}
		seen[i.Name] = true
		if len(i.Dialer) > 0 {
			dialers++
		}
		if i.accepts() {
			acceptors++
		}
	}
	if dialers == 0 || acceptors == 0 {
		return &FileError{Reason: fmt.Sprintf("%d dialers and %d acceptors: there is no pair", dialers, acceptors)}
	}
	return nil
}
