package known

import (
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Names of the files in a client's repository.
const (
	ConfigFile = "conformance.json"
	KnownFile  = "conformance.known"
	LockFile   = "conformance.lock"
)

// maxFile is the size of the largest of these files that is read, bytes.
const maxFile = 4 << 20

// Config is conformance.json. Names of files in it are relative to its folder.
type Config struct {
	Schema   string   `json:"$schema,omitempty"` // for editors; not read
	Format   int      `json:"format"`            // 1
	Spec     string   `json:"spec"`              // wire version
	Profile  string   `json:"profile"`           // of SPEC.md chapter 20
	Modes    Modes    `json:"modes"`
	Features []string `json:"features,omitempty"` // what the peer has beyond what it must; a case of one that is unsupported is a failure
	TLS      *TLS     `json:"tls,omitempty"`
	Timeouts Timeouts `json:"timeouts,omitzero"`
	Known    string   `json:"known,omitempty"` // default conformance.known
	Lock     string   `json:"lock,omitempty"`  // default conformance.lock

	Path string `json:"-"` // of the file itself
}

// Modes say how the peer is attached in each mode. Only modes that are there are claimed.
type Modes struct {
	Server *Server `json:"server,omitempty"`
	Client *Driver `json:"client,omitempty"`
	Codec  *Driver `json:"codec,omitempty"`
}

// Server is an acceptor: one that listens, or a command that starts one.
type Server struct {
	Command []string `json:"command,omitempty"` // argv; no shell
	Addr    string   `json:"addr,omitempty"`    // HOST:PORT of the plain address
	TLSAddr string   `json:"tls_addr,omitempty"`
}

// Driver is a program that speaks the driver protocol.
type Driver struct {
	Command []string `json:"command"`        // argv; no shell
	Once    bool     `json:"once,omitempty"` // codec only: a process for each input
}

// TLS are the PEM files and the name with which the suite speaks TLS to the peer.
type TLS struct {
	CA   string `json:"ca,omitempty"`   // authorities of the peer's certificate
	Cert string `json:"cert,omitempty"` // the suite's own
	Key  string `json:"key,omitempty"`
	Name string `json:"name,omitempty"` // in the peer's certificate; default: the host that is dialled
}

// Timeouts, in milliseconds. Zero is the default of the command.
type Timeouts struct {
	StepMS     int64 `json:"step_ms,omitempty"`     // longest wait for one thing that the peer has to do
	PatienceMS int64 `json:"patience_ms,omitempty"` // longest wait for a timer that the peer states itself
}

// Step gives StepMS as a duration.
func (t Timeouts) Step() time.Duration { return time.Duration(t.StepMS) * time.Millisecond }

// Patience gives PatienceMS as a duration.
func (t Timeouts) Patience() time.Duration { return time.Duration(t.PatienceMS) * time.Millisecond }

// Claims reports whether a feature is claimed.
func (c *Config) Claims(feature string) bool {
	for _, f := range c.Features {
		if f == feature {
			return true
		}
	}
	return false
}

// modes counts the modes that are claimed.
func (c *Config) modes() int {
	n := 0
	for _, there := range []bool{c.Modes.Server != nil, c.Modes.Client != nil, c.Modes.Codec != nil} {
		if there {
			n++
		}
	}
	return n
}

// Resolve gives the path of a file that the configuration names: relative to its folder. "" stays "".
func (c *Config) Resolve(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.Path), name)
}

// KnownPath gives the path of the list of known failures.
func (c *Config) KnownPath() string { return c.Resolve(orDefault(c.Known, KnownFile)) }

// LockPath gives the path of the lock.
func (c *Config) LockPath() string { return c.Resolve(orDefault(c.Lock, LockFile)) }

func orDefault(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

//go:embed conformance.schema.json
var configSchema []byte

// ConfigSchema returns the JSON Schema (draft 2020-12) of conformance.json.
func ConfigSchema() []byte { return append([]byte(nil), configSchema...) }

// Load reads conformance.json from a folder. Without such a file it returns nil and no error; what is wrong with one is a *FileError.
func Load(dir string) (*Config, error) {
	c, err := LoadFile(filepath.Join(dir, ConfigFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return c, err
}

// LoadFile reads a configuration. The error is a *FileError.
func LoadFile(path string) (*Config, error) {
	b, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	return ParseConfig(path, b)
}

// readBounded reads a whole file that is not too large.
func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &FileError{File: path, Text: "cannot be read", Err: err}
	}
	if info.Size() > maxFile || info.IsDir() {
		return nil, &FileError{File: path, Text: "is no file, or larger than 4 MiB"}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &FileError{File: path, Text: "cannot be read", Err: err}
	}
	return b, nil
}
