import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { decode as libraryDecode } from '@msgpack/msgpack'
import { ByteQueue } from '../bytes.js'
import { decode, encode } from '../codec.js'
import { crc32c } from '../crc32c.js'
import * as msgpack from '../msgpack.js'
import { vectors } from './vectors.js'

const all = vectors()
const CUTS = 512 // a longer input is cut at every byte of its first and last so many

function expect(vector, result, note) {
  const expected = vector.verdict === 'accept'
    ? { verdict: 'accept', value: vector.value, consumed: vector.bytes.length }
    : { verdict: 'reject', code: vector.error.code, scope: vector.error.scope }
  if (result.verdict === 'reject') delete result.req
  assert.deepEqual(result, expected, `${vector.id} ${note}`)
}

function* cuts(length) {
  for (let at = 1; at < length; at++) if (at < CUTS || at > length - CUTS) yield at
}

test('there are vectors', () => assert.ok(all.length >= 900))

test('whole', () => {
  for (const vector of all) expect(vector, decode(vector.op, [vector.bytes], vector.options), 'whole')
})

test('byte by byte', () => {
  for (const vector of all) {
    const bytes = Array.from(vector.bytes, (_, i) => vector.bytes.subarray(i, i + 1))
    expect(vector, decode(vector.op, bytes, vector.options), 'byte by byte')
  }
})

test('cut in two at every position', () => {
  for (const vector of all) {
    for (const at of cuts(vector.bytes.length)) {
      expect(vector, decode(vector.op, [vector.bytes.subarray(0, at), vector.bytes.subarray(at)], vector.options), `cut at ${at}`)
    }
  }
})

test('no prefix is accepted', () => {
  for (const vector of all) {
    if (vector.verdict !== 'accept' || vector.op === 'call') continue
    for (const at of cuts(vector.bytes.length)) {
      assert.notEqual(decode(vector.op, [vector.bytes.subarray(0, at)], vector.options).verdict, 'accept', `${vector.id} at ${at}`)
    }
  }
})

test('bytes behind an item are left alone', () => {
  for (const vector of all) {
    if (vector.verdict !== 'accept' || (vector.op !== 'frame' && vector.op !== 'opening')) continue
    expect(vector, decode(vector.op, [Buffer.concat([vector.bytes, Buffer.from('behind')])], vector.options), 'with bytes behind it')
  }
})

test('encoding gives the same bytes', () => {
  for (const vector of all) {
    if (vector.verdict !== 'accept') continue
    const bytes = encode(vector.op, vector.value)
    if (!vector.noncanonical) assert.equal(bytes.toString('hex'), vector.bytes.toString('hex'), vector.id)
  }
})

test('an ordinary library reads what this encoder writes', () => {
  for (const vector of all) {
    if (vector.op !== 'msgpack' || vector.verdict !== 'accept' || vector.bytes.includes('__proto__')) continue
    assert.deepEqual(libraryDecode(new Uint8Array(vector.bytes), { useBigInt64: true }), plain(msgpack.decode(vector.bytes)), vector.id)
  }
})

/** The value as @msgpack/msgpack gives it: objects for maps, and a BigInt for all 64-bit forms. */
function plain(value) {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, element]) => [key, plain(element)]))
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Uint8Array) return new Uint8Array(value)
  return typeof value === 'number' && (value > 0xffffffff || value < -0x80000000) ? BigInt(value) : value
}

test('a key named __proto__ is a key, which that library refuses', () => {
  const map = new Map([['__proto__', 1], ['a', 2]])
  const bytes = msgpack.encode(map)
  assert.throws(() => libraryDecode(bytes))
  assert.deepEqual(msgpack.decode(bytes), map)
  const form = JSON.stringify(decode('msgpack', [bytes]).value)
  assert.equal(form, '{"map":{"__proto__":{"int":"1"},"a":{"int":"2"}}}')
  assert.deepEqual(encode('msgpack', JSON.parse(form)), bytes)
})

test('hostile bytes give a verdict and nothing else', () => {
  const seeds = all.filter(({ bytes }) => bytes.length > 0 && bytes.length < 2000)
  for (let round = 0; round < 20000; round++) {
    const seed = seeds[round % seeds.length]
    const bytes = round % 3 === 0 ? randomBytes(round % 257) : Buffer.from(seed.bytes)
    for (let i = 0; i <= round % 4 && bytes.length > 0; i++) bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256)
    if (seed.op === 'frame' && bytes.length >= 16) repair(bytes)
    const { verdict } = decode(seed.op, [bytes], seed.options)
    assert.ok(['accept', 'reject', 'more'].includes(verdict))
  }
})

/** Makes both checksums right, so that the damage reaches what stands behind them. */
function repair(bytes) {
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, 12)), 12)
  if (bytes.length > 20) bytes.writeUInt32BE(crc32c(bytes.subarray(0, 12), bytes.subarray(16, -4)), bytes.length - 4)
}

test('a queue gives back what was put in', () => {
  const queue = new ByteQueue()
  const put = []
  const got = []
  for (let i = 0; i < 2000; i++) {
    const chunk = randomBytes(Math.floor(Math.random() * 300))
    put.push(chunk)
    queue.push(chunk)
    if (i % 3 === 0) got.push(queue.take(Math.floor(Math.random() * 700)))
  }
  got.push(queue.take(queue.length))
  assert.ok(Buffer.concat(put).equals(Buffer.concat(got)))
})
