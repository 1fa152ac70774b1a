package mutant

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"handfast/codec"
	"handfast/conformance/driver"
)

// syncSalt is that of the suite.
var syncSalt [16]byte

// item stands for an object in fingerprints: its key hash, and a hash of its state.
type item [16]byte

func (it item) keyHash() [8]byte { return [8]byte(it[:]) }

// sum gives the SHA-256 of parts behind each other.
func sum(parts ...[]byte) [sha256.Size]byte { return sha256.Sum256(bytes.Join(parts, nil)) }

// objectName gives what key hash and state hash begin with.
func objectName(key string) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(driver.SyncNamespace))), driver.SyncNamespace...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(key))), key...)
}

// keyHash computes the hash of a key (OBJ-013).
func (p *peer) keyHash(key string) [8]byte {
	if p.has("hashes-keys-without-the-namespace") {
		h := sum(syncSalt[:], []byte("K"), []byte(key))
		return [8]byte(h[:])
	}
	h := sum(syncSalt[:], []byte("K"), objectName(key))
	return [8]byte(h[:])
}

// itemOf computes the item of an object (OBJ-012, OBJ-013).
func (p *peer) itemOf(key string, o object) (it item) {
	version := o.append(nil, false)
	if p.has("leaves-the-context-out-of-state-hashes") {
		version = object{siblings: o.siblings}.append(nil, false)
	}
	state := sum([]byte("HFO\x01"), objectName(key), version)
	short := sum(syncSalt[:], []byte("S"), state[:])
	if p.has("forgets-the-salt-of-items") {
		short = sum([]byte("S"), state[:])
	}
	kh := p.keyHash(key)
	copy(it[:8], kh[:])
	copy(it[8:], short[:8])
	return it
}

// prefixOf gives the first half bytes of a key hash.
func prefixOf(kh [8]byte, length int) (prefix codec.SyncPrefix) {
	for i := range length {
		prefix = prefix.Next(kh[i/2] >> (4 * (1 - i%2)) & 15)
	}
	return prefix
}

// under gives those of ascending items that begin with a prefix.
func under(items []item, prefix codec.SyncPrefix) []item {
	return slices.DeleteFunc(slices.Clone(items), func(it item) bool { return prefixOf(it.keyHash(), prefix.Length) != prefix })
}

// mostListed is up to how many items the fingerprint of a list is of the items themselves (OBJ-016).
const mostListed = 32

// fingerprint gives that of ascending items, all of which begin with a prefix.
func (p *peer) fingerprint(items []item, prefix codec.SyncPrefix) (print [16]byte) {
	most := mostListed
	switch {
	case len(items) == 0 && p.has("hashes-nothing-too"):
	case len(items) == 0:
		return print
	case p.has("lists-64-items-in-a-fingerprint"):
		most = 64
	}
	b := []byte("L")
	if len(items) <= most || prefix.Length == codec.MaxSyncPrefix {
		for _, it := range items {
			b = append(b, it[:]...)
		}
	} else {
		b = []byte("N")
		for _, one := range p.parts(items, prefix) {
			b = append(b, one[:]...)
		}
	}
	h := sha256.Sum256(b)
	return [16]byte(h[:])
}

// parts gives the fingerprints of the prefixes that are one half byte longer.
func (p *peer) parts(items []item, prefix codec.SyncPrefix) (prints [16][16]byte) {
	for half := range prints {
		longer := prefix.Next(byte(half))
		prints[half] = p.fingerprint(under(items, longer), longer)
	}
	return prints
}
