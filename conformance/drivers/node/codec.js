// The codec as the vectors and the suite ask for it: one item in, a verdict out, and the reverse.

import { ByteQueue } from './bytes.js'
import { encodeMessage, parseMessage } from './call.js'
import { Fault } from './errors.js'
import { encodeFrame, encodeRaw, parseFrame, readFrame } from './frame.js'
import * as json from './json.js'
import * as msgpack from './msgpack.js'
import { encodeHello, encodeRefuse, readOpening } from './opening.js'

/** What arrives in pieces and says itself where it ends: a reader takes one item from a queue, or nothing yet. */
const STREAMED = {
  opening: (queue) => {
    const opening = readOpening(queue)
    return opening && json.openingToJson(opening)
  },
  frame: (queue, { maxFrame = 131072, beforeReady }) => {
    const raw = readFrame(queue, { maxFrame, beforeReady })
    return raw && json.frameToJson(parseFrame(raw, { delivery: true }))
  }
}

/** What something else delimits: a body by its frame, a message by its pieces. */
const WHOLE = {
  msgpack: (bytes) => json.valueToJson(msgpack.decode(bytes)),
  call: (bytes, { turn }) => json.messageToJson(parseMessage(bytes, turn))
}

const ENCODERS = {
  msgpack: (value) => msgpack.encode(json.valueFromJson(value)),
  opening: (form) => {
    const { kind, value } = json.openingFromJson(form)
    return kind === 'HELLO' ? encodeHello(value) : encodeRefuse(value)
  },
  frame: (form) => {
    const { raw, frame, value, stream, flags } = json.frameFromJson(form)
    return raw ? encodeRaw(raw) : encodeFrame(frame, value, stream, flags)
  },
  call: (form) => encodeMessage(json.messageFromJson(form))
}

/** Whether `what` can be decoded and encoded here. */
export const isKnown = (what) => Object.hasOwn(ENCODERS, what)

/**
 * Decodes one item that arrives in pieces. Returns { verdict: 'accept', value, consumed },
 * { verdict: 'reject', code, scope, req } or { verdict: 'more' }.
 */
export function decode(what, pieces, options = {}) {
  try {
    return STREAMED[what] ? decodeStreamed(STREAMED[what], pieces, options) : decodeWhole(WHOLE[what], pieces, options)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { verdict: 'reject', code: error.code, scope: error.scope, req: error.req }
  }
}

function decodeStreamed(read, pieces, options) {
  const queue = new ByteQueue()
  let fed = 0
  for (const piece of pieces) {
    queue.push(piece)
    fed += piece.length
    const value = read(queue, options)
    if (value !== undefined) return { verdict: 'accept', value, consumed: fed - queue.length }
  }
  return { verdict: 'more' }
}

function decodeWhole(parse, pieces, options) {
  const bytes = Buffer.concat(pieces)
  return { verdict: 'accept', value: parse(bytes, options), consumed: bytes.length }
}

/** The bytes of an item in the JSON form. */
export const encode = (what, form) => ENCODERS[what](form)
