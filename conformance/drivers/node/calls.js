// The caller's side of the sub-protocol call (spec/call.md).

import { encodeMessage, parseMessage } from './call.js'
import { CallError, Fault, StreamError } from './errors.js'
import { after } from './timer.js'

const GRACE = 100 // ms beyond the deadline, in which the callee can say itself what became of the call

/**
 * Calls a method and yields its replies. Leaving the loop early, or the signal, resets the stream; so does the deadline.
 * Throws a CallError when the callee answers ERROR, and a StreamError when the call broke off.
 *
 * @param {number} [options.deadlineMs] how long to wait, from now; 0: for ever
 * @param {AbortSignal} [options.signal]
 * @param {Iterable<Uint8Array> | AsyncIterable<Uint8Array>} [options.more] further arguments
 */
export async function* call(link, method, args, { deadlineMs = 0, signal, more } = {}) {
  const began = performance.now()
  const stop = new AbortController()
  const stopWith = (code) => stop.abort(new StreamError({ by: 'self', code, processed: 'no' }))
  const cancel = () => stopWith('CANCELLED')
  const clearDeadline = deadlineMs > 0 ? after(deadlineMs + GRACE, () => stopWith('DEADLINE')) : () => {}
  if (signal?.aborted) cancel()
  else signal?.addEventListener('abort', cancel)
  try {
    const stream = await link.open('call', { signal: stop.signal, decode: replyDecoder() })
    const left = deadlineMs > 0 ? Math.max(1, Math.round(deadlineMs - (performance.now() - began))) : 0
    const request = encodeMessage({ kind: 'REQUEST', deadline_ms: left, method, args: Buffer.from(args) })
    stop.signal.addEventListener('abort', () => stream.reset(stop.signal.reason.code))
    yield* converse(stream, request, more, stop)
  } finally {
    clearDeadline()
    signal?.removeEventListener('abort', cancel)
    cancel() // which resets a stream that is not finished
  }
}

async function* converse(stream, request, more, stop) {
  let cause
  sendAll(stream, request, more).catch((error) => {
    if (error instanceof StreamError) return // which is thrown where replies are read
    cause = error
    stop.abort(new StreamError({ by: 'self', code: 'CANCELLED', processed: 'maybe' }))
  })
  try {
    for await (const reply of stream) {
      if (reply.kind === 'REPLY') yield reply.value
      else throw await end(stream, new CallError(reply))
    }
  } catch (error) {
    throw cause ?? error
  }
}

async function sendAll(stream, request, more) {
  if (more === undefined) return stream.send(request, { fin: true })
  await stream.send(request)
  for await (const value of more) await stream.send(encodeMessage({ kind: 'ARG', value }))
  return stream.finish()
}

/** Waits for the FIN behind an ERROR. What else comes is the callee's fault, and then the ERROR counts for nothing. */
async function end(stream, failure) {
  try {
    await stream.receive()
    return failure
  } catch (error) {
    return error.by === 'self' && error.code === 'PROTOCOL' ? error : failure
  }
}

/** Parses messages of a callee as they come, of which an ERROR is the last (CALL-016). */
function replyDecoder() {
  let failed = false
  return (bytes) => {
    if (failed) throw new Fault('PROTOCOL', 'CALL-016', { scope: 'stream' })
    const message = parseMessage(bytes, 'reply')
    failed = message.kind === 'ERROR'
    return message
  }
}
