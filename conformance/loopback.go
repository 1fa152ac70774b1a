package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"time"

	"handfast/codec"
)

// loopbackName is a name in the certificates of LoopbackTLS, beside the address 127.0.0.1.
const loopbackName = "localhost"

// LoopbackTLS makes the TLS configurations of both sides for peers that the suite starts itself: an authority that lives for a day, and one
// certificate from it for 127.0.0.1 and localhost, which both sides show. The authority's certificate is the second of the chain.
func LoopbackTLS() (server, client *tls.Config, err error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	from, until := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	template.Subject.CommonName = "handfast conformance suite"
	authority, err := certificate(template, template, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := certificate(&x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{loopbackName},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, authority, &key.PublicKey, authorityKey)
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	own := []tls.Certificate{{Certificate: [][]byte{leaf.Raw, authority.Raw}, PrivateKey: key}}
	server = &tls.Config{
		Certificates: own, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS13, NextProtos: []string{codec.ALPN}, SessionTicketsDisabled: true,
	}
	client = &tls.Config{Certificates: own, RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13, NextProtos: []string{codec.ALPN}}
	return server, client, nil
}

// certificate makes a certificate that parent signs.
func certificate(template, parent *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
