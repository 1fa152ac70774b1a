// Messages of the sub-protocol call (spec/call.md).

import { Fault } from './errors.js'
import * as msgpack from './msgpack.js'
import { U32, is, pick, toMap } from './schema.js'

const KIND = { REQUEST: 1, REPLY: 2, ERROR: 3, ARG: 4 }
const METHOD = /^[\x21-\x7e]{1,128}$/

const ERROR = {
  code: is.uint(U32),
  'data?': is.bin(),
  'name?': is.str(64),
  processed: (v) => v === 'no' || v === 'maybe' || v === 'yes',
  'retry_ms?': is.uint(U32),
  'text?': is.str(1024)
}

/** Requirement that a bad message breaks, by what its receiver waits for. */
const REQ = { request: 'CALL-002', arg: 'CALL-010', reply: 'CALL-016' }

/** Parses a message. `turn` is what the receiver waits for: request (callee, first), arg (callee, later), reply (caller). */
export function parseMessage(message, turn) {
  const refuse = (req = REQ[turn]) => {
    throw new Fault('PROTOCOL', req, { scope: 'stream' })
  }
  const kind = message[0]
  if (turn === 'request' && kind === KIND.REQUEST) return parseRequest(message, refuse)
  if (turn === 'arg' && kind === KIND.ARG) return { kind: 'ARG', value: message.subarray(1) }
  if (turn === 'reply' && kind === KIND.REPLY) return { kind: 'REPLY', value: message.subarray(1) }
  if (turn === 'reply' && kind === KIND.ERROR) return parseError(message, refuse)
  return refuse()
}

function parseRequest(message, refuse) {
  if (message.length < 8) refuse()
  const end = 8 + message.readUInt16BE(2)
  if (end > message.length) refuse()
  const method = message.toString('latin1', 8, end)
  if (!METHOD.test(method)) refuse()
  return { kind: 'REQUEST', deadline_ms: message.readUInt32BE(4), method, args: message.subarray(end) }
}

function parseError(message, refuse) {
  let body
  try {
    body = msgpack.decode(message.subarray(1))
  } catch (error) {
    refuse(error.req)
  }
  return { kind: 'ERROR', ...pick(body, ERROR, () => refuse('CALL-013')) }
}

/** The bytes of a message. */
export function encodeMessage(message) {
  const kind = Buffer.from([KIND[message.kind]])
  if (message.kind === 'ERROR') return Buffer.concat([kind, msgpack.encode(toMap(message, ERROR))])
  if (message.kind !== 'REQUEST') return Buffer.concat([kind, message.value])
  if (!METHOD.test(message.method)) throw new TypeError('a method is 1 to 128 printable ASCII characters without space')
  const head = Buffer.alloc(8)
  head[0] = KIND.REQUEST
  head.writeUInt16BE(message.method.length, 2)
  head.writeUInt32BE(message.deadline_ms, 4)
  return Buffer.concat([head, Buffer.from(message.method), message.args])
}
