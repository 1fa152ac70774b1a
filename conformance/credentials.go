package conformance

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
)

// Credentials are the keys of the suite and of the driver, for the cases over TLS: made once for a run, with files for the driver.
type Credentials struct {
	server        *tls.Config
	dir           string
	CA, Cert, Key string // PEM files: the authority, a certificate that it signed, and the key of that
}

// NewCredentials makes a key and a certificate for 127.0.0.1, and its files in a folder of their own. Remove has to be called.
func NewCredentials() (*Credentials, error) {
	server, _, err := LoopbackTLS()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "handfast-conform-")
	if err != nil {
		return nil, err
	}
	c := &Credentials{server: server, dir: dir, CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	own := server.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		return nil, err
	}
	leaf, authority := own.Certificate[0], own.Certificate[1]
	for name, block := range map[string]*pem.Block{
		c.CA: {Type: "CERTIFICATE", Bytes: authority}, c.Cert: {Type: "CERTIFICATE", Bytes: leaf}, c.Key: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			c.Remove()
			return nil, err
		}
	}
	return c, nil
}

// Remove deletes the files.
func (c *Credentials) Remove() { _ = os.RemoveAll(c.dir) } // they are in a folder for such things
