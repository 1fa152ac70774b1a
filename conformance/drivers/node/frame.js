// Frames: the header with both checksums, and the forms of all payloads (SPEC.md, chapters 8 to 13).

import { crc32c } from './crc32c.js'
import * as delivery from './delivery.js'
import { Fault } from './errors.js'
import { MAX_CONTROL } from './limits.js'
import * as msgpack from './msgpack.js'
import { U16, U32, is, pick, toMap } from './schema.js'

export const FLAG = { MUST_UNDERSTAND: 0x80, FIN: 0x01, MORE: 0x02, POSSIBLE_DUP: 0x04 }
export const GREASE = [0x1b, 0x3a, 0x59, 0x78, 0x97, 0xb6, 0xd5, 0xf4]

const HEADER = 16
const TRAILER = 4

const fixed = (fields) => ({ parse: parseFixed, build: buildFixed, fields })
const map = (req, schema) => ({ parse: parseMap, build: buildMap, req, schema })
const ending = { parse: parseEnding, build: buildEnding }

const READY = { caps: is.map, 'cb?': is.bin(32), protos: is.map, th: is.bin(32), ver: is.uint(U16) }
const OPEN = { 'params?': is.bin(), proto: is.str(64), ver: is.uint(U16) }
const ACCEPT = { 'params?': is.bin() }

// Fields of a fixed payload: [name, type], and the bits that count. A field without name is ignored.
const PING = [['echo', 'u64'], ['t1', 'i64'], ['err_us', 'u32'], ['', 'u32']]
const PONG = [
  ['echo', 'u64'], ['t1', 'i64'], ['t2', 'i64'], ['t3', 'i64'], ['hold_us', 'u32'], ['err_us', 'u32'],
  ['clock', 'u32', 1], ['', 'u32']
]
const DRAIN = [['last', 'u32'], ['code', 'u32'], ['deadline_ms', 'u32'], ['', 'u32']]
const GAP = [['from', 'u64'], ['to', 'u64'], ['reason', 'u32'], ['', 'u32']]

const checkCredit = ({ max }) => max < 2n ** 63n || encoding('CRED-008')
const checkStreams = ({ max }) => max <= 2n ** 31n || encoding('CRED-008')

const DATA_FLAGS = FLAG.FIN | FLAG.MORE
const records = { parse: parseRecords, build: (value) => delivery.buildRecords(value, buildPieces) }
const ack = { parse: delivery.parseAck, build: delivery.buildAck }

/** Frame types by name. */
export const FRAMES = {
  READY: { type: 0x01, scope: 'link', ...map('READY-009', READY) },
  PING: { type: 0x02, scope: 'link', ...fixed(PING) },
  PONG: { type: 0x03, scope: 'link', ...fixed(PONG) },
  CREDIT: { type: 0x04, scope: 'any', ...fixed([['max', 'u64']]), check: checkCredit },
  STREAMS: { type: 0x05, scope: 'link', ...fixed([['max', 'u64']]), check: checkStreams },
  DRAIN: { type: 0x06, scope: 'link', ...fixed(DRAIN) },
  CLOSE: { type: 0x07, scope: 'link', ...ending },
  OPEN: { type: 0x10, scope: 'stream', ...map('FRAME-016', OPEN), channel: delivery.channel },
  ACCEPT: { type: 0x11, scope: 'stream', ...map('FRAME-016', ACCEPT), channel: delivery.position },
  REJECT: { type: 0x12, scope: 'stream', ...ending },
  DATA: { type: 0x13, scope: 'stream', parse: parseData, build: buildPieces, flags: DATA_FLAGS },
  RESET: { type: 0x14, scope: 'stream', ...ending },
  RECORDS: { type: 0x20, scope: 'stream', delivery: true, ...records, flags: DATA_FLAGS | FLAG.POSSIBLE_DUP },
  ACK: { type: 0x21, scope: 'stream', delivery: true, ...ack },
  GAP: { type: 0x22, scope: 'stream', delivery: true, ...fixed(GAP), check: delivery.checkGap }
}

const BY_TYPE = new Map(Object.entries(FRAMES).map(([frame, spec]) => [spec.type, { frame, ...spec }]))
const CONTROL = new Set([FRAMES.READY.type, FRAMES.OPEN.type, FRAMES.ACCEPT.type])

/** The name of a frame type, or undefined. */
export const frameName = (type) => BY_TYPE.get(type)?.frame

function encoding(req) {
  throw new Fault('ENCODING', req)
}

/**
 * Takes one frame from a queue and checks what needs no knowledge of the link: both checksums, the types 00 and FF, and
 * the length. Returns { type, flags, reserved, stream, payload }, or undefined when it is not whole; throws a Fault.
 */
export function readFrame(queue, { maxFrame, beforeReady = false }) {
  if (queue.length < HEADER) return undefined
  const head = queue.peek(HEADER)
  if (crc32c(head.subarray(0, 12)) !== head.readUInt32BE(12)) throw new Fault('HEADER_CRC', 'FRAME-001')
  const type = head[0]
  if (type === 0x00 || type === 0xff) throw new Fault('PROTOCOL', 'FRAME-004')
  const length = head.readUInt32BE(4)
  if (CONTROL.has(type) && length > MAX_CONTROL) throw new Fault('FRAME_SIZE', 'FRAME-018')
  if (beforeReady && length > MAX_CONTROL) throw new Fault('FRAME_SIZE', 'READY-013')
  if (length > maxFrame) throw new Fault('FRAME_SIZE', 'FRAME-003')
  const size = HEADER + length + (length > 0 ? TRAILER : 0)
  if (queue.length < size) return undefined
  const bytes = queue.take(size)
  const payload = bytes.subarray(HEADER, HEADER + length)
  if (length > 0 && crc32c(bytes.subarray(0, 12), payload) !== bytes.readUInt32BE(HEADER + length)) {
    throw new Fault('PAYLOAD_CRC', 'FRAME-002')
  }
  return { type, flags: bytes[1], reserved: bytes.readUInt16BE(2), stream: bytes.readUInt32BE(8), payload }
}

/** Parses a frame that readFrame gave. A type that is not known, or of an extension that was not selected, has no `frame`. */
export function parseFrame(raw, { delivery: selected = false } = {}) {
  const spec = BY_TYPE.get(raw.type)
  if (spec === undefined || (spec.delivery && !selected)) return { ...raw, frame: undefined }
  if (spec.scope === (raw.stream === 0 ? 'stream' : 'link')) throw new Fault('PROTOCOL', 'FRAME-009')
  const flags = raw.flags & (spec.flags ?? 0)
  const value = { frame: spec.frame, stream: raw.stream, flags, ...spec.parse(raw.payload, spec, flags, selected) }
  spec.check?.(value)
  return value
}

/** The bytes of a frame of a known type. */
export function encodeFrame(frame, value = {}, stream = 0, flags = 0) {
  const spec = FRAMES[frame]
  return encodeRaw({ type: spec.type, flags, reserved: 0, stream, payload: spec.build(value, spec) })
}

/** The bytes of any frame. */
export function encodeRaw({ type, flags, reserved, stream, payload }) {
  const bytes = Buffer.alloc(HEADER + payload.length + (payload.length > 0 ? TRAILER : 0))
  bytes[0] = type
  bytes[1] = flags
  bytes.writeUInt16BE(reserved, 2)
  bytes.writeUInt32BE(payload.length, 4)
  bytes.writeUInt32BE(stream, 8)
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, 12)), 12)
  bytes.set(payload, HEADER)
  if (payload.length > 0) bytes.writeUInt32BE(crc32c(bytes.subarray(0, 12), payload), HEADER + payload.length)
  return bytes
}

const SIZES = { u64: 8, i64: 8, u32: 4 }
const READ = {
  u64: (p, at) => p.readBigUInt64BE(at),
  i64: (p, at) => p.readBigInt64BE(at),
  u32: (p, at) => p.readUInt32BE(at)
}
const WRITE = {
  u64: (p, v, at) => p.writeBigUInt64BE(BigInt(v), at),
  i64: (p, v, at) => p.writeBigInt64BE(BigInt(v), at),
  u32: (p, v, at) => p.writeUInt32BE(v, at)
}
const sizeOf = (fields) => fields.reduce((sum, [, type]) => sum + SIZES[type], 0)

function parseFixed(payload, { fields }) {
  if (payload.length !== sizeOf(fields)) encoding('FRAME-010')
  const value = {}
  let at = 0
  for (const [name, type, mask] of fields) {
    const n = READ[type](payload, at)
    if (name !== '') value[name] = mask === undefined ? n : n & mask
    at += SIZES[type]
  }
  return value
}

function buildFixed(value, { fields }) {
  const payload = Buffer.alloc(sizeOf(fields))
  let at = 0
  for (const [name, type] of fields) {
    if (name !== '') WRITE[type](payload, value[name], at)
    at += SIZES[type]
  }
  return payload
}

function parseMap(payload, { req, schema, channel }, flags, selected) {
  const map = msgpack.decode(payload)
  const value = pick(map, schema, () => encoding(req))
  if (selected && channel && map.has('channel')) value.channel = channel.parse(map.get('channel'))
  return value
}

function buildMap(value, { schema, channel }) {
  const map = toMap(value, schema)
  if (value.channel) map.set('channel', channel.build(value.channel))
  return msgpack.encode(map)
}

function parseEnding(payload) {
  if (payload.length < 8 || payload.length > 264) encoding('FRAME-010')
  return { code: payload.readUInt32BE(0), retry_ms: payload.readUInt32BE(4), text: payload.toString('utf8', 8) }
}

function buildEnding({ code, retry_ms = 0, text = '' }) {
  const payload = Buffer.alloc(8 + Buffer.byteLength(text))
  payload.writeUInt32BE(code, 0)
  payload.writeUInt32BE(retry_ms, 4)
  payload.write(text, 8)
  return payload
}

function parsePieces(payload) {
  const pieces = []
  for (let at = 0; at < payload.length; ) {
    if (payload.length - at < 4) encoding('DATA-001')
    const length = payload.readUInt32BE(at)
    at += 4
    if (length > payload.length - at) encoding('DATA-001')
    pieces.push(payload.subarray(at, (at += length)))
  }
  return pieces
}

function checkMore(pieces, flags) {
  if (!(flags & FLAG.MORE)) return
  if (flags & FLAG.FIN) encoding('DATA-004')
  if (pieces.length === 0 || pieces.at(-1).length === 0) encoding('DATA-005')
}

function parseData(payload, spec, flags) {
  const pieces = parsePieces(payload)
  checkMore(pieces, flags)
  if (pieces.length === 0 && !(flags & FLAG.FIN)) encoding('DATA-002')
  return { pieces }
}

function buildPieces({ pieces }) {
  const lengths = pieces.map((piece) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(piece.length)
    return length
  })
  return Buffer.concat(pieces.flatMap((piece, i) => [lengths[i], piece]))
}

function parseRecords(payload, spec, flags) {
  return delivery.parseRecords(payload, (rest) => {
    const pieces = parsePieces(rest)
    checkMore(pieces, flags)
    return pieces
  })
}
