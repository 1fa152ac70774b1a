// CRC-32C, reflected polynomial 82F63B78 (SPEC.md, chapter 8).

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0x82f63b78 : n >>> 1
  return n
})

/** The checksum over all parts, as if they were one. */
export function crc32c(...parts) {
  let crc = 0xffffffff
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ part[i]) & 0xff]
  }
  return (crc ^ 0xffffffff) >>> 0
}
