// The opening: HELLO and REFUSE (SPEC.md, chapter 4).

import { CAPABILITIES } from './capabilities.js'
import { crc32c } from './crc32c.js'
import { Fault } from './errors.js'
import { LIMITS } from './limits.js'
import * as msgpack from './msgpack.js'
import { U16, U32, is, pick, toMap } from './schema.js'

export const MAGIC = Buffer.from('c14846500d0a1a0a', 'hex')
const INVARIANTS = 1
const HEADER = 24
const KINDS = { 1: { name: 'HELLO', max: 16384 }, 2: { name: 'REFUSE', max: 1024 } }

const HELLO = {
  caps: is.map,
  cluster: is.bin(16),
  'cluster_name?': is.str(64),
  incarnation: is.uint(),
  limits: is.map,
  need: is.arrayOf(is.str(), 64),
  node: is.bin(16),
  nonce: is.bin(32),
  protos: is.mapOf(is.arrayOf(is.uint(U16))),
  'sw?': is.str(64),
  vers: is.arrayOf(is.uint(U16))
}

const REFUSE = {
  code: is.uint(U32),
  'need?': is.arrayOf(is.str(), 64),
  'retry_ms?': is.uint(U32),
  'text?': is.str(256),
  vers: is.arrayOf(is.uint(U16))
}

/** Whether a version has the form ?A?A. */
export const isGrease = (version) => (version & 0x0f0f) === 0x0a0a

/** Takes one opening from a queue. Returns { kind, value, bytes }, or undefined when it is not whole; throws a Fault. */
export function readOpening(queue) {
  const head = queue.peek(HEADER)
  if (!MAGIC.subarray(0, head.length).equals(head.subarray(0, 8))) throw foreign('HELLO-003')
  if (head.length > 8 && head[8] !== INVARIANTS) throw foreign('HELLO-004')
  if (head.length < 16) return undefined
  const kind = KINDS[head.readUInt16BE(14)]
  if (kind === undefined) throw foreign('HELLO-006')
  if (head.length < 20) return undefined
  const fault = (code, req) => new Fault(code, req, { silent: kind.name === 'REFUSE' })
  const length = head.readUInt32BE(16)
  if (length > kind.max) throw fault('FRAME_SIZE', kind.name === 'HELLO' ? 'HELLO-007' : 'HELLO-020')
  if (queue.length < HEADER + length) return undefined
  const bytes = queue.take(HEADER + length)
  const body = bytes.subarray(HEADER)
  if (crc32c(bytes.subarray(0, 20), body) !== bytes.readUInt32BE(20)) throw fault('HEADER_CRC', 'HELLO-008')
  try {
    const value = kind.name === 'HELLO' ? parseHello(bytes, body) : parseRefuse(body)
    return { kind: kind.name, value, bytes }
  } catch (error) {
    throw error instanceof Fault ? fault(error.code, error.req) : error
  }
}

const foreign = (req) => new Fault('FOREIGN', req, { silent: true })

function refuseBody(req) {
  throw new Fault('ENCODING', req)
}

function parseHello(bytes, body) {
  const map = msgpack.decode(body)
  if (!is.map(map)) refuseBody('HELLO-009')
  const hello = pick(map, HELLO, () => refuseBody('HELLO-010'))
  hello.limits = parseLimits(hello.limits)
  checkVersions(hello.vers, 'HELLO-013')
  const real = hello.vers.filter((version) => !isGrease(version))
  if (real.length === 0) refuseBody('HELLO-013')
  if (bytes.readUInt16BE(10) !== Math.min(...real) || bytes.readUInt16BE(12) !== Math.max(...real)) refuseBody('HELLO-014')
  for (const versions of hello.protos.values()) checkVersions(versions, 'HELLO-027')
  checkCapabilities(hello.caps)
  return hello
}

function parseLimits(map) {
  const limits = {}
  for (const [name, { min, most, fallback }] of Object.entries(LIMITS)) {
    const value = map.get(name) ?? fallback
    if (map.has(name) && !is.uint()(map.get(name))) refuseBody('HELLO-010')
    if (value < min || value > most) refuseBody('HELLO-012')
    limits[name] = value
  }
  return limits
}

function checkVersions(versions, req) {
  const distinct = new Set(versions)
  if (versions.length < 1 || versions.length > 16 || distinct.size < versions.length || distinct.has(0)) refuseBody(req)
}

function checkCapabilities(caps) {
  const offered = Object.entries(CAPABILITIES).filter(([name]) => caps.has(name))
  for (const [name, { type }] of offered) if (!type.isType(caps.get(name))) refuseBody('CAP-010')
  for (const [name, { type }] of offered) if (!type.isForm(caps.get(name))) refuseBody('CAP-012')
}

function parseRefuse(body) {
  const refuse = pick(msgpack.decode(body), REFUSE, () => refuseBody('HELLO-022'))
  if (refuse.vers.length < 1 || refuse.vers.length > 16) refuseBody('HELLO-019')
  return refuse
}

/** The bytes of a HELLO. */
export const encodeHello = (hello) => {
  const limits = new Map(Object.entries(hello.limits))
  return encodeOpening(1, hello.vers, toMap({ ...hello, limits }, HELLO))
}

/** The bytes of a REFUSE. */
export const encodeRefuse = (refuse) => encodeOpening(2, refuse.vers, toMap(refuse, REFUSE))

function encodeOpening(kind, vers, map) {
  const body = msgpack.encode(map)
  if (body.length > KINDS[kind].max) throw new RangeError(`the body of a ${KINDS[kind].name} has at most ${KINDS[kind].max} bytes`)
  const real = vers.some((version) => !isGrease(version)) ? vers.filter((version) => !isGrease(version)) : vers
  const head = Buffer.alloc(HEADER)
  MAGIC.copy(head)
  head[8] = INVARIANTS
  head.writeUInt16BE(Math.min(...real), 10)
  head.writeUInt16BE(Math.max(...real), 12)
  head.writeUInt16BE(kind, 14)
  head.writeUInt32BE(body.length, 16)
  head.writeUInt32BE(crc32c(head.subarray(0, 20), body), 20)
  return Buffer.concat([head, body])
}
