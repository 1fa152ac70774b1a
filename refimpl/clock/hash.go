package clock

import (
	"crypto/sha256"
	"encoding/binary"

	"handfast/refimpl/bulk"
)

// StateHash gives the hash of the state of an object under its name (OBJ-012): equal if and only if name, context, dots, tombstones and values are.
// It holds the hashes of the values and not the values, so that one with a wrong value under a right dot shows without being sent.
func (s Set) StateHash(namespace, key string) [32]byte {
	b := make([]byte, 0, 512)
	b = append(b, "HFO\x01"...)
	b = appendName(b, namespace, key)
	b = s.appendHead(b)
	at := 0
	for _, one := range s.siblings {
		at = s.actorIndex(one.Dot.Actor, at)
		b = appendSibling(b, at, one)
		h := bulk.Sum256(one.Value)
		b = append(b, h[:]...)
	}
	return sha256.Sum256(b)
}

// appendName appends namespace and key behind their lengths, so that no two names have the same bytes.
func appendName(b []byte, namespace, key string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(namespace)))
	b = append(b, namespace...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(key)))
	return append(b, key...)
}

// KeyHash gives the half of an item that names the object (OBJ-013), under the salt of the cluster.
func KeyHash(salt [16]byte, namespace, key string) (kh [8]byte) {
	b := make([]byte, 0, 256)
	b = append(append(b, salt[:]...), 'K')
	h := sha256.Sum256(appendName(b, namespace, key))
	copy(kh[:], h[:])
	return kh
}

// Item gives the 16 bytes by which digests know the object (OBJ-013): KeyHash, and eight bytes of the salted state hash.
func (s Set) Item(salt [16]byte, namespace, key string) (item [16]byte) {
	kh := KeyHash(salt, namespace, key)
	state := s.StateHash(namespace, key)
	var b [49]byte
	copy(b[:], salt[:])
	b[16] = 'S'
	copy(b[17:], state[:])
	sh := sha256.Sum256(b[:])
	copy(item[:], kh[:])
	copy(item[8:], sh[:8])
	return item
}
