// Forms of the profile delivery (spec/delivery.md): RECORDS, ACK, GAP, and the key `channel` of OPEN and ACCEPT.

import { Fault } from './errors.js'
import { MAX_RANGES } from './limits.js'
import { is, pick, toMap } from './schema.js'

const LAST = 2n ** 63n - 2n // the greatest number of a record

function encoding(req) {
  throw new Fault('ENCODING', req)
}

/** A frame's payload behind RECORDS: the number of the first record, and the pieces that `parsePieces` gives. */
export function parseRecords(payload, parsePieces) {
  if (payload.length < 8) encoding('REC-001')
  const seq = payload.readBigUInt64BE(0)
  const pieces = parsePieces(payload.subarray(8))
  if (pieces.length === 0) encoding('DATA-002')
  if (seq === 0n || seq + BigInt(pieces.length) - 1n > LAST) encoding('REC-001')
  return { seq, pieces }
}

export function buildRecords({ seq, pieces }, buildPieces) {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(seq))
  return Buffer.concat([number, buildPieces({ pieces })])
}

export function parseAck(payload) {
  if (payload.length < 16) encoding('FRAME-010')
  const count = payload.readUInt16BE(12)
  if (count > MAX_RANGES) encoding('ACK-001')
  if (payload.length !== 16 + 16 * count) encoding('FRAME-010')
  const stable = payload.readBigUInt64BE(0)
  const range = (at) => ({ first: payload.readBigUInt64BE(at), last: payload.readBigUInt64BE(at + 8) })
  const ranges = Array.from({ length: count }, (_, i) => range(16 + 16 * i))
  if (stable > LAST || !areAbove(stable, ranges)) encoding('ACK-001')
  return { stable, delay_us: payload.readUInt32BE(8), ranges }
}

export function buildAck({ stable, delay_us, ranges }) {
  const payload = Buffer.alloc(16 + 16 * ranges.length)
  payload.writeBigUInt64BE(BigInt(stable), 0)
  payload.writeUInt32BE(delay_us, 8)
  payload.writeUInt16BE(ranges.length, 12)
  ranges.forEach(({ first, last }, i) => {
    payload.writeBigUInt64BE(BigInt(first), 16 + 16 * i)
    payload.writeBigUInt64BE(BigInt(last), 24 + 16 * i)
  })
  return payload
}

export const checkGap = ({ from, to }) => (from >= 1n && to >= from && to <= LAST) || encoding('GAP-001')

/** Whether ranges stand above stable, ascending, with a gap between them. */
function areAbove(stable, ranges) {
  return ranges.every(({ first, last }, i) => {
    const isApart = i === 0 ? first > stable : BigInt(first) > BigInt(ranges[i - 1].last) + 1n
    return isApart && last >= first && last <= LAST
  })
}

const tuple = (size) => (v) => is.arrayOf(is.uint(), size)(v) && v.length === size

const CHANNEL = {
  first: is.uint(),
  id: is.bin(16),
  lineage: is.arrayOf(tuple(3), 8),
  name: is.str(64),
  next: is.uint(),
  stable: is.uint()
}

const POSITION = {
  dup: is.uint(LAST),
  'ranges?': is.arrayOf(tuple(2), MAX_RANGES),
  stable: is.uint(LAST),
  state: (v) => ['kept', 'lost', 'diverged', 'foreign'].includes(v)
}

/** `channel` of OPEN: what the sender has. */
export const channel = {
  parse(map) {
    const value = pick(map, CHANNEL, () => encoding('CHAN-004'))
    const { first, next, stable } = value
    const lineage = value.lineage.map(([epoch, nonce, first]) => ({ epoch, nonce, first }))
    const inOrder = lineage.every((entry, i) => {
      const before = lineage[i - 1]
      const follows = before === undefined || (BigInt(entry.epoch) === BigInt(before.epoch) + 1n && entry.first >= before.first)
      return follows && entry.epoch >= 1 && entry.first >= 1 && entry.first <= next
    })
    if (lineage.length === 0 || !inOrder || first < 1 || first > next || stable >= next) encoding('CHAN-004')
    return { ...value, lineage }
  },
  build: (value) => toMap({ ...value, lineage: value.lineage.map(({ epoch, nonce, first }) => [epoch, nonce, first]) }, CHANNEL)
}

/** `channel` of ACCEPT: the receiver's position. */
export const position = {
  parse(map) {
    const value = pick(map, POSITION, () => encoding('CHAN-004'))
    const { dup, ranges: pairs, stable, state } = value
    const ranges = pairs?.map(([first, last]) => ({ first, last }))
    if (ranges && (ranges.length === 0 || !areAbove(stable, ranges))) encoding('CHAN-004')
    if (state === 'foreign' && (stable > 0 || dup > 0 || ranges)) encoding('CHAN-004')
    return { ...value, ...(ranges && { ranges }) }
  },
  build: (value) => toMap({ ...value, ranges: value.ranges?.map(({ first, last }) => [first, last]) }, POSITION)
}
