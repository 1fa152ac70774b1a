// The strict MessagePack profile (SPEC.md, chapter 7): one encoding for one value.
//
// nil, true, false and str are null, booleans and strings; bin is a Buffer, an array is an array, a map is a Map.
// An int is a number where a double holds it exactly, and else a BigInt.

import { copy } from './bytes.js'
import { Fault } from './errors.js'

const MAX = { str: 4096, bin: 65535, array: 1024, map: 256, key: 64, depth: 8, values: 4096 }
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes one body, all of it, or throws a Fault ENCODING that names the rule. */
export function decode(bytes) {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  if (reader.left > 0) refuse('MP-012')
  return value
}

/** Encodes a value; the entries of a Map are sorted. */
export function encode(value) {
  const parts = []
  write(value, parts)
  return Buffer.concat(parts)
}

function refuse(req) {
  throw new Fault('ENCODING', req)
}

class Reader {
  #bytes
  #at = 0
  #values = 0

  constructor(bytes) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get left() {
    return this.#bytes.length - this.#at
  }

  /** One value that stands inside `depth` containers. */
  value(depth) {
    if (++this.#values > MAX.values) refuse('MP-008')
    const head = this.#uint(1)
    if (head <= 0x7f) return head
    if (head <= 0x8f) return this.#map(head & 0x0f, depth)
    if (head <= 0x9f) return this.#array(head & 0x0f, depth)
    if (head <= 0xbf) return this.#str(head & 0x1f)
    if (head >= 0xe0) return head - 0x100
    switch (head) {
      case 0xc0: return null
      case 0xc2: return false
      case 0xc3: return true
      case 0xc4: return this.#bin(this.#length(1, 0))
      case 0xc5: return this.#bin(this.#length(2, 0x100))
      case 0xc6: return this.#bin(this.#length(4, 0x10000))
      case 0xcc: return this.#shortest(this.#uint(1), 0x80)
      case 0xcd: return this.#shortest(this.#uint(2), 0x100)
      case 0xce: return this.#shortest(this.#uint(4), 0x10000)
      case 0xcf: return this.#uint64()
      case 0xd0: return this.#negative(this.#uint(1) - 0x100, -0x20)
      case 0xd1: return this.#negative(this.#uint(2) - 0x10000, -0x80)
      case 0xd2: return this.#negative(this.#uint(4) - 0x100000000, -0x8000)
      case 0xd3: return this.#int64()
      case 0xd9: return this.#str(this.#length(1, 0x20))
      case 0xda: return this.#str(this.#length(2, 0x100))
      case 0xdb: return this.#str(this.#length(4, 0x10000))
      case 0xdc: return this.#array(this.#length(2, 0x10), depth)
      case 0xdd: return this.#array(this.#length(4, 0x10000), depth)
      case 0xde: return this.#map(this.#length(2, 0x10), depth)
      case 0xdf: return this.#map(this.#length(4, 0x10000), depth)
      default: return refuse('MP-001')
    }
  }

  #take(n) {
    if (n > this.left) refuse('MP-013')
    return this.#bytes.subarray(this.#at, (this.#at += n))
  }

  #uint(size) {
    return this.#take(size).readUIntBE(0, size)
  }

  /** A length or count of `size` bytes, which a shorter header could not say from `least` on. */
  #length(size, least) {
    const n = this.#uint(size)
    if (n < least) refuse('MP-004')
    return n
  }

  #shortest(n, least) {
    if (n < least) refuse('MP-003')
    return n
  }

  /** The signed forms are for what lies below the limit of the next shorter one; a positive number arrives here over it. */
  #negative(n, limit) {
    const size = limit === -0x20 ? 0x100 : limit === -0x80 ? 0x10000 : 0x100000000
    if (n < -size / 2 || n >= limit) refuse('MP-003')
    return n
  }

  #uint64() {
    const n = this.#take(8).readBigUInt64BE()
    if (n > 0x7fffffffffffffffn) refuse('MP-002')
    if (n < 0x100000000n) refuse('MP-003')
    return exact(n)
  }

  #int64() {
    const n = this.#take(8).readBigInt64BE()
    if (n >= -0x80000000n) refuse('MP-003')
    return exact(n)
  }

  #bin(length) {
    if (length > MAX.bin) refuse('MP-006')
    return copy(this.#take(length))
  }

  #str(length) {
    if (length > MAX.str) refuse('MP-006')
    return text(this.#take(length))
  }

  #array(count, depth) {
    if (depth >= MAX.depth) refuse('MP-007')
    if (count > MAX.array) refuse('MP-006')
    if (count > this.left) refuse('MP-013')
    const array = []
    while (array.length < count) array.push(this.value(depth + 1))
    return array
  }

  #map(count, depth) {
    if (depth >= MAX.depth) refuse('MP-007')
    if (count > MAX.map) refuse('MP-006')
    if (2 * count > this.left) refuse('MP-013')
    const map = new Map()
    let last
    for (let i = 0; i < count; i++) {
      const key = this.#key()
      const order = last === undefined ? -1 : Buffer.compare(last, key)
      if (order === 0) refuse('MP-011')
      if (order > 0) refuse('MP-010')
      last = key
      map.set(text(key), this.value(depth + 1))
    }
    return map
  }

  /** The bytes of a key: 1 to 64 of them, so that only two headers are possible. */
  #key() {
    if (++this.#values > MAX.values) refuse('MP-008')
    const head = this.#uint(1)
    if (head === 0xda || head === 0xdb) refuse('MP-004')
    if (head !== 0xd9 && (head < 0xa0 || head > 0xbf)) refuse('MP-009')
    const length = head === 0xd9 ? this.#length(1, 0x20) : head & 0x1f
    if (length === 0 || length > MAX.key) refuse('MP-009')
    return this.#take(length)
  }
}

function text(bytes) {
  if (bytes.includes(0)) refuse('MP-005')
  try {
    return UTF8.decode(bytes)
  } catch {
    return refuse('MP-005')
  }
}

const exact = (n) => (BigInt.asIntN(54, n) === n && n !== -0x20000000000000n ? Number(n) : n)

function write(value, parts) {
  if (value === null) parts.push(bytes(0xc0))
  else if (typeof value === 'boolean') parts.push(bytes(value ? 0xc3 : 0xc2))
  else if (typeof value === 'number' || typeof value === 'bigint') parts.push(int(value))
  else if (typeof value === 'string') {
    const utf8 = Buffer.from(value)
    parts.push(header(utf8.length, [0xa0, 0x1f], 0xd9, 0xda, 0xdb), utf8)
  } else if (value instanceof Uint8Array) {
    parts.push(header(value.length, [0, -1], 0xc4, 0xc5, 0xc6), value)
  } else if (Array.isArray(value)) {
    parts.push(header(value.length, [0x90, 0x0f], undefined, 0xdc, 0xdd))
    for (const element of value) write(element, parts)
  } else if (value instanceof Map) {
    parts.push(header(value.size, [0x80, 0x0f], undefined, 0xde, 0xdf))
    const entries = [...value].sort(([a], [b]) => compareText(a, b))
    for (const [key, element] of entries) {
      write(key, parts)
      write(element, parts)
    }
  } else throw new TypeError(`no MessagePack for ${typeof value}`)
}

/** Order of two texts by their bytes, which is not that of JavaScript strings. */
export const compareText = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))

const bytes = (...values) => Buffer.from(values)

function sized(head, n, size) {
  const buffer = Buffer.alloc(1 + size, head)
  buffer.writeUIntBE(n, 1, size)
  return buffer
}

function header(n, [fix, most], one, two, four) {
  if (n <= most) return bytes(fix | n)
  if (one !== undefined && n <= 0xff) return sized(one, n, 1)
  return n <= 0xffff ? sized(two, n, 2) : sized(four, n, 4)
}

function int(value) {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new TypeError(`no MessagePack for ${value}`)
  const n = BigInt(value)
  if (n < -0x8000000000000000n || n > 0x7fffffffffffffffn) throw new RangeError(`${n} does not fit`)
  if (n >= 0n) {
    if (n <= 0x7fn) return bytes(Number(n))
    if (n <= 0xffn) return sized(0xcc, Number(n), 1)
    if (n <= 0xffffn) return sized(0xcd, Number(n), 2)
    if (n <= 0xffffffffn) return sized(0xce, Number(n), 4)
    return int64(0xcf, n)
  }
  if (n >= -0x20n) return bytes(Number(n) & 0xff)
  if (n >= -0x80n) return sized(0xd0, Number(n) & 0xff, 1)
  if (n >= -0x8000n) return sized(0xd1, Number(n) & 0xffff, 2)
  if (n >= -0x80000000n) return sized(0xd2, Number(n) >>> 0, 4)
  return int64(0xd3, n)
}

function int64(head, n) {
  const buffer = Buffer.alloc(9, head)
  buffer.writeBigInt64BE(n, 1)
  return buffer
}
