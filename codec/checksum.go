package codec

import "hash/crc32"

// castagnoli is the table of CRC-32C: reflected polynomial 82F63B78, initial value and final XOR FFFFFFFF. The standard
// library recognises this very table and uses the processor's instruction for it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum gives the CRC-32C of b. It finds accidents (a bad cable, memory or middlebox) and stops no attacker: whoever
// can change the bytes can change the checksum as well. It allocates nothing.
func Checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// checksum2 gives the CRC-32C of a followed by b, without joining them: a frame's header and its payload often lie in
// different buffers.
func checksum2(a, b []byte) uint32 {
	return crc32.Update(crc32.Checksum(a, castagnoli), castagnoli, b)
}
