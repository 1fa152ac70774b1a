#!/usr/bin/env node
// The driver of conformance/DRIVER.md: one request a line on stdin, one answer a line on stdout.
// The environment variable HANDFAST_BUG seeds one of the bugs in bugs.js.

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { BUGS, seed } from './bugs.js'

if (process.env.HANDFAST_BUG) seed(process.env.HANDFAST_BUG)

const { decode, encode, isKnown } = await import('./codec.js')
const { CODES, CallError, LinkError, StreamError } = await import('./errors.js')
const { LIMITS } = await import('./limits.js')
const { mapToJson } = await import('./json.js')
const { dial } = await import('./link.js')

const VERSION = JSON.parse(readFileSync(new URL('package.json', import.meta.url))).version
const CLAIMS = {
  roles: ['codec', 'dialer'],
  features: ['cuts', 'encode', 'batch', 'concurrent', 'tls', 'tls.bind', 'limits', 'need', 'streams']
}
const TURNS = ['request', 'arg', 'reply']

/** An argument that this driver does not know. */
class Unsupported extends Error {}

let links = new Map()

const OPS = {
  hello: () => ({ answer: 'hello', driver: '1', impl: 'handfast-node', version: VERSION, spec: ['1'], ...CLAIMS }),
  bugs: ({ role: asked }) => {
    const bugs = BUGS.filter(({ role }) => asked === undefined || role === asked)
    return { answer: 'bugs', bugs: bugs.map(({ name, req, doc }) => ({ name, req, doc })) }
  },
  reset: async () => {
    const open = [...links.values()]
    links = new Map()
    await Promise.all(open.map(({ link }) => link?.destroy()))
    return { answer: 'ok' }
  },
  bye: () => ({ answer: 'ok', last: true }),
  decode: decodeItem,
  decodes: decodeItems,
  encode: (request) => ({ answer: 'bytes', hex: encode(known(request), request.value).toString('hex') }),
  dial: dialLink,
  call: onLink(callMethod),
  open: onLink(async ({ link, streams }, { stream, proto, ver }) => {
    streams.set(stream, await link.open(proto, { version: Number(ver ?? 1) }))
    return { answer: 'ok' }
  }),
  send: onStream(async (stream, { hex, fin }) => {
    if (hex === undefined) await stream.finish()
    else await stream.send(Buffer.from(hex, 'hex'), { fin: fin === 'true' })
    return { answer: 'ok' }
  }),
  recv: onStream(async (stream) => {
    const message = await stream.receive()
    return message === null ? { answer: 'fin' } : { answer: 'message', hex: message.toString('hex') }
  }),
  cancel: onStream((stream, { code = 'CANCELLED' }) => {
    if (CODES[code] === undefined) throw new Unsupported()
    stream.reset(code)
    return { answer: 'ok' }
  }),
  drain: onLink(({ link }, { deadline_ms }) => {
    link.drain(deadline_ms && { deadlineMs: Number(deadline_ms) })
    return { answer: 'ok' }
  }),
  close: onLink(async ({ link }) => ended(await link.close())),
  wait: onLink(async ({ link }) => ended(await link.ended))
}

function known({ what, turn }) {
  if (!isKnown(what) || (what === 'call' && !TURNS.includes(turn))) throw new Unsupported()
  return what
}

function decodeItem(request) {
  const { hex, turn, max_frame: maxFrame, before_ready: beforeReady, cuts } = request
  const options = { turn, maxFrame: maxFrame && Number(maxFrame), beforeReady: beforeReady === 'true' }
  const { verdict, consumed, ...rest } = decode(known(request), cut(Buffer.from(hex, 'hex'), cuts), options)
  return { answer: verdict, ...rest, ...(consumed !== undefined && { consumed: String(consumed) }) }
}

/** Many items in one line: `hex` has commas between them, `cuts` semicolons. */
function decodeItems(request) {
  const cuts = request.cuts?.split(';')
  return { answer: 'decoded', items: request.hex.split(',').map((hex, i) => decodeItem({ ...request, hex, cuts: cuts?.[i] })) }
}

function cut(bytes, cuts) {
  const offsets = cuts ? cuts.split(',').map(Number) : []
  return [...offsets, bytes.length].map((end, i) => bytes.subarray(offsets[i - 1] ?? 0, end))
}

async function dialLink(request) {
  const { link: name, addr, token, need } = request
  const limits = Object.fromEntries(Object.keys(LIMITS).filter((key) => request[key] !== undefined).map((key) => [key, Number(request[key])]))
  const caps = token === undefined ? {} : { [token]: true }
  const options = { limits, caps, need: need ? need.split(',') : [], tls: request.tls === 'true' ? tlsOptions(request) : undefined }
  try {
    const link = await dial(addr, options)
    links.set(name, { link, streams: new Map() })
    return { answer: 'open', ver: String(link.version), caps: mapToJson(link.capabilities, plain), protos: mapToJson(link.protocols, String) }
  } catch (error) {
    if (!(error instanceof LinkError)) throw error
    return ended(error)
  }
}

function tlsOptions({ ca, name, cert, key }) {
  const read = (file) => file && readFileSync(file)
  return { ca: read(ca), cert: read(cert), key: read(key), servername: name }
}

async function callMethod({ link }, { method, args = '', deadline_ms: deadlineMs = '0', cancel_after: cancelAfter }) {
  const replies = []
  const canceller = new AbortController()
  const cancelDue = () => cancelAfter !== undefined && replies.length >= Number(cancelAfter) && canceller.abort()
  try {
    const answers = link.call(method, Buffer.from(args, 'hex'), { deadlineMs: Number(deadlineMs), signal: canceller.signal })
    const first = answers.next()
    setImmediate(cancelDue)
    for (let next = await first; !next.done; next = await answers.next()) {
      replies.push(next.value.toString('hex'))
      cancelDue()
    }
    return { answer: 'done', replies }
  } catch (error) {
    if (!(error instanceof CallError || error instanceof StreamError)) throw error
    return { answer: 'failed', replies, by: error.by, code: error.code, processed: error.processed }
  }
}

/** A value of a capability: true, an integer in decimal, or names. */
const plain = (value) => (typeof value === 'number' || typeof value === 'bigint' ? String(value) : value)

/** An op on a link, which answers `ended` where the link was gone before. */
function onLink(action) {
  return async (request) => {
    const entry = links.get(request.link)
    if (entry === undefined) return { answer: 'broken', text: `no link ${request.link}` }
    const gone = await Promise.race([entry.link.ended, undefined])
    if (gone) return ended(gone)
    return action(entry, request)
  }
}

/** An op on a stream, which answers `over` where the stream broke off. */
function onStream(action) {
  return async (request) => {
    const stream = links.get(request.link)?.streams.get(request.stream)
    if (stream === undefined) return { answer: 'broken', text: `no stream ${request.stream} on link ${request.link}` }
    try {
      return await action(stream, request)
    } catch (error) {
      if (error instanceof StreamError) return { answer: 'over', by: error.by, code: error.code }
      if (error instanceof TypeError) return { answer: 'over', by: 'self', code: 'NO_ERROR' }
      throw error
    }
  }
}

const ended = ({ by, code }) => ({ answer: 'ended', by, code })

async function answer(request) {
  const op = Object.hasOwn(OPS, request.op) ? OPS[request.op] : () => ({ answer: 'unsupported' })
  try {
    return await op(request)
  } catch (error) {
    if (error instanceof Unsupported) return { answer: 'unsupported' }
    if (error instanceof StreamError) return { answer: 'ended', by: error.by === 'link' ? 'transport' : error.by, code: error.code }
    return { answer: 'broken', text: String(error?.stack ?? error) }
  }
}

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })
lines.on('line', async (line) => {
  const request = JSON.parse(line)
  const { last, ...reply } = await answer(request)
  process.stdout.write(JSON.stringify({ id: request.id, ...reply }) + '\n', () => last && process.exit(0))
})
lines.on('close', () => process.exit(0))
