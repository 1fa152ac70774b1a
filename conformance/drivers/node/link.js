// The dialer's side of a link (SPEC.md, chapters 4 to 17).
//
//   const link = await dial('127.0.0.1:7400')
//   for await (const reply of link.call('echo', Buffer.from('hello'))) console.log(String(reply))
//   await link.close()

import net from 'node:net'
import tls from 'node:tls'
import { agree, channelBinding, checkReady, makeOffer } from './agreement.js'
import { ByteQueue } from './bytes.js'
import { call } from './calls.js'
import { Budget, Window, chargeOf } from './credit.js'
import { CODES, Fault, LinkError, StreamError, codeName } from './errors.js'
import { FLAG, encodeFrame, frameName, parseFrame, readFrame } from './frame.js'
import { Heartbeat } from './heartbeat.js'
import { LINGER, OPEN_TIMEOUT } from './limits.js'
import { readOpening } from './opening.js'
import { Outbox, greaseFrame } from './outbox.js'
import { Stream } from './stream.js'
import { after } from './timer.js'

const ALPN = 'handfast/1'
const GREATEST_ID = 2 ** 32 - 2
const UNDECIDED = 0xffffffff
const IDLE_FRAMES = 4000 // in 10 s: between the bounds of CALM-001 and CALM-002, wherever the 10 s begin
const CALM_MS = 10000
const DRAIN_MS = 30000
const NEVER = 0xffffffff

/**
 * Opens a link to 'HOST:PORT'. Resolves once both sides have stated the same agreement, and rejects with a LinkError.
 *
 * @param {object} [options]
 * @param {object} [options.tls] options of node:tls, such as ca, cert, key and servername; absent: no TLS
 * @param {object} [options.limits] this side's limits by name; an absent one has its default
 * @param {object} [options.caps] further capabilities to offer
 * @param {string[]} [options.need] capabilities without which there is to be no link
 * @param {Uint8Array} [options.cluster] 16 bytes
 */
export async function dial(address, options = {}) {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
  if (port === undefined) throw new TypeError(`${address} is not HOST:PORT`)
  const socket = options.tls
    ? tls.connect({ ...options.tls, host, port, ALPNProtocols: [ALPN], minVersion: 'TLSv1.3' })
    : net.connect({ host, port })
  const link = new Link(socket, options)
  await link.ready
  return link
}

/** A link, made by `dial`. */
class Link {
  #socket
  #options
  #outbox
  #bytes = new ByteQueue()
  #state = 'HELLO' // then READY, ACTIVE, CLOSING
  #offer
  #agreed
  #opened
  #peer // the acceptor's HELLO
  #end // why the link is over
  #clearTimer
  #heartbeat
  #host // what streams share
  #streams = new Map()
  #nextId = 1
  #granted // streams that this side may open in all
  #waiting = new Set() // who waits until a stream may be opened
  #peerStreams = 0 // streams that the peer has opened, all of them rejected
  #peerGranted
  #drainSent = false
  #drainLast // of the peer's last DRAIN
  #idle = { since: 0, frames: 0 }

  constructor(socket, options) {
    this.#socket = socket
    this.#options = options
    this.#outbox = new Outbox(socket)
    this.#startOpenTimer() // for connecting, and again from the moment in which the transport is there
    let open
    /** Resolves when both READY frames are there. */
    this.ready = new Promise((resolve, reject) => (open = { resolve, reject }))
    this.ready.catch(() => {})
    this.#opened = open.resolve
    /** Resolves when the transport has ended, to { by, code, text, retryMs, cause }. Never rejects. */
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#finish({ by: 'transport', code: 'NO_ERROR' })
        this.#clearTimer()
        open.reject(new LinkError(this.#end))
        resolve(this.#end)
      })
    })
    socket.on('error', (cause) => this.#onError(cause))
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.once('connect', () => this.#startOpenTimer())
    socket.once(socket.encrypted ? 'secureConnect' : 'connect', () => this.#start())
  }

  /** What the acceptor claims of itself: node, cluster, incarnation, sw. Its identity is in its certificate. */
  get peer() {
    const { node, cluster, incarnation, sw } = this.#peer
    return { node, cluster, incarnation, sw }
  }

  get peerCertificate() {
    return this.#socket.getPeerX509Certificate?.()
  }

  get version() {
    return this.#agreed.ver
  }

  /** Selected capabilities with their values, as a Map. */
  get capabilities() {
    return this.#agreed.caps
  }

  /** Sub-protocols with their versions, as a Map. */
  get protocols() {
    return this.#agreed.protos
  }

  /** Round trip and offset of the other clock; see Heartbeat. */
  get clock() {
    return this.#heartbeat.clock
  }

  /** Calls a method and iterates its replies; see calls.js for the options deadlineMs, signal and more. */
  call(method, args = Buffer.alloc(0), options) {
    return call(this, method, args, options)
  }

  /**
   * Opens a stream for a sub-protocol, as soon as the acceptor's grant allows. Rejects with a StreamError when that cannot
   * happen any more.
   */
  async open(proto, { version = this.protocols.get(proto), decode, signal } = {}) {
    if (version === undefined) throw new TypeError(`the other side does not speak ${proto}`)
    while (this.#mayNotOpen() || this.#openedStreams >= this.#granted) await this.#untilGranted(signal)
    signal?.throwIfAborted()
    const id = this.#nextId
    this.#nextId += 2
    const stream = new Stream(this.#host, id, decode)
    this.#streams.set(id, stream)
    this.#outbox.push(encodeFrame('OPEN', { proto, ver: version }, id))
    if (this.#nextId > GREATEST_ID) this.#sendDrain('ID_EXHAUSTED')
    return stream
  }

  /** Opens no more streams, and closes when the last one has ended, or when so much time has passed; Infinity: never. */
  drain({ deadlineMs = DRAIN_MS } = {}) {
    if (this.#state === 'ACTIVE' && !this.#drainSent) this.#sendDrain('NO_ERROR', deadlineMs)
    return this.ended
  }

  /** Closes at once: open streams break off. */
  close() {
    this.#close('NO_ERROR')
    return this.ended
  }

  /** Ends the transport without ceremony. */
  destroy() {
    this.#finish({ by: 'self', code: 'NO_ERROR' })
    this.#socket.destroy()
    return this.ended
  }

  // The opening

  #start() {
    const overTls = this.#socket.encrypted === true
    if (overTls && this.#socket.alpnProtocol !== ALPN) return this.#abort({ by: 'self', code: 'FOREIGN' })
    this.#socket.setNoDelay()
    try {
      this.#offer = makeOffer(this.#options, overTls)
      this.#outbox.push(this.#offer.bytes)
    } catch (cause) {
      this.#abort({ by: 'self', code: 'INTERNAL', cause }) // options that no HELLO can state
    }
  }

  #startOpenTimer() {
    this.#clearTimer?.()
    this.#clearTimer = after(OPEN_TIMEOUT, () => this.#openTimeout())
  }

  #openTimeout() {
    if (this.#state === 'READY') this.#close('OPEN_TIMEOUT')
    else this.#abort({ by: 'self', code: 'OPEN_TIMEOUT' })
  }

  #receive(chunk) {
    if (this.#state === 'CLOSING') return
    this.#bytes.push(chunk)
    try {
      while (this.#state !== 'CLOSING' && this.#step());
    } catch (error) {
      this.#fault(error)
    }
  }

  /** Reads one opening or frame. Returns false when there is none yet. */
  #step() {
    if (this.#state === 'HELLO') {
      const opening = readOpening(this.#bytes)
      if (opening !== undefined) this.#onOpening(opening)
      return opening !== undefined
    }
    const raw = readFrame(this.#bytes, { maxFrame: this.#host.limits.max_frame, beforeReady: this.#state === 'READY' })
    if (raw !== undefined) this.#onFrame(raw)
    return raw !== undefined
  }

  #onOpening(opening) {
    if (opening.kind === 'REFUSE') {
      const { code, text, retry_ms: retryMs } = opening.value
      return this.#abort({ by: 'refuse', code: codeName(code), text, retryMs })
    }
    this.#agreed = agree(this.#offer, opening)
    this.#peer = opening.value
    this.#state = 'READY'
    this.#host = this.#makeHost()
    this.#granted = this.#peer.limits.streams
    this.#peerGranted = this.#host.limits.streams
    this.#outbox.push(encodeFrame('READY', { ...this.#agreed, cb: channelBinding(this.#socket, this.#agreed, 'D') }))
    this.#outbox.push(greaseFrame())
  }

  #makeHost() {
    const { limits } = this.#offer.hello
    const window = new Window(limits.link_credit)
    const credit = () => {
      const max = window.grant()
      for (const stream of this.#streams.values()) stream.runClock()
      return encodeFrame('CREDIT', { max })
    }
    return {
      limits,
      peerLimits: this.#peer.limits,
      outbox: this.#outbox,
      budget: new Budget(this.#peer.limits.link_credit),
      window,
      joined: 0,
      maxJoined: 4 * limits.max_message,
      useLinkWindow: (charge) => {
        if (!window.allows(charge)) throw new Fault('FLOW_VIOLATION', 'CRED-002')
        window.use(charge)
      },
      freeLinkWindow: (charge) => {
        if (window.free(charge)) this.#outbox.owe('CREDIT', credit)
      },
      forget: (stream) => {
        this.#streams.delete(stream.id)
        this.#closeIfDrained()
      }
    }
  }

  #onReady(ready) {
    checkReady(ready, this.#agreed, channelBinding(this.#socket, this.#agreed, 'A'))
    this.#clearTimer()
    this.#state = 'ACTIVE'
    this.#heartbeat = new Heartbeat({
      outbox: this.#outbox,
      limits: this.#host.limits,
      peerLimits: this.#host.peerLimits,
      onCalm: () => this.#close('CALM'),
      onSilence: () => this.#close('IDLE')
    })
    this.#outbox.watch(2 * this.#heartbeat.silenceMs, () => this.#stall())
    this.#opened()
  }

  // Frames

  #onFrame(raw) {
    this.#heartbeat?.heard()
    const name = frameName(raw.type)
    if (this.#state === 'READY' && name !== 'READY' && name !== 'CLOSE') throw new Fault('STATE', 'READY-002')
    if (this.#state === 'ACTIVE' && name === 'READY') throw new Fault('STATE', 'READY-003')
    const frame = parseFrame(raw)
    switch (frame.frame) {
      case 'READY': return this.#onReady(frame)
      case 'PING': return this.#heartbeat.onPing(frame)
      case 'PONG': return this.#heartbeat.onPong(frame) || this.#countIdle()
      case 'CREDIT': return this.#onCredit(frame)
      case 'STREAMS': return this.#onStreams(frame)
      case 'DRAIN': return this.#onDrain(frame)
      case 'CLOSE': return this.#abort(this.#reason(frame))
      case 'OPEN': return this.#onOpen(frame)
      case 'ACCEPT': return this.#ifOpen(frame, (stream) => stream.onAccept())
      case 'REJECT': return this.#ifOpen(frame, (stream) => stream.onReject(this.#broken(frame, 'no')))
      case 'RESET': return this.#ifOpen(frame, (stream) => stream.fail(this.#broken(frame, 'maybe')))
      case 'DATA': return this.#onData(frame)
      default: return this.#onUnknown(frame)
    }
  }

  #reason({ code, text, retry_ms: retryMs }) {
    return { by: 'peer', code: codeName(code), text, retryMs }
  }

  #broken(frame, processed) {
    return new StreamError({ ...this.#reason(frame), processed })
  }

  #onUnknown({ flags, stream: id }) {
    if (!(flags & FLAG.MUST_UNDERSTAND)) return this.#countIdle()
    const stream = this.#streams.get(id)
    if (stream === undefined) throw new Fault('UNKNOWN_CRITICAL', 'FRAME-006')
    stream.refuse('UNKNOWN_CRITICAL')
  }

  #onCredit(frame) {
    const total = Number(frame.max)
    if (frame.stream !== 0) return this.#ifOpen(frame, (stream) => stream.onCredit(total) || this.#countIdle())
    if (!this.#host.budget.raise(total)) return this.#countIdle()
    for (const stream of this.#streams.values()) stream.wake()
  }

  #onStreams({ max }) {
    if (max <= this.#granted) return this.#countIdle()
    this.#granted = Number(max)
    this.#wakeWaiting()
  }

  #onDrain({ last }) {
    if (this.#drainLast !== undefined && last > this.#drainLast) throw new Fault('STATE', 'DRAIN-004')
    if (last === this.#drainLast) this.#countIdle()
    this.#drainLast = last
    this.#wakeWaiting()
  }

  /** This side serves nothing: each stream of the peer is rejected at once, and so finished. */
  #onOpen({ stream: id, proto, ver }) {
    if (id !== 2 * this.#peerStreams + 2) throw new Fault('STREAM_ID', 'STRM-002')
    if (this.#peerStreams >= this.#peerGranted) throw new Fault('STREAM_LIMIT', 'STRM-008')
    this.#peerStreams++
    this.#outbox.push(encodeFrame('REJECT', { code: CODES[this.#rejection(proto, ver)] }, id))
    this.#outbox.owe('STREAMS', () => {
      this.#peerGranted = this.#host.limits.streams + this.#peerStreams
      return encodeFrame('STREAMS', { max: this.#peerGranted })
    })
  }

  #rejection(proto, ver) {
    if (this.#drainSent) return 'DRAINING'
    if (!this.protocols.has(proto)) return 'UNKNOWN_PROTO'
    return this.protocols.get(proto) === ver ? 'REFUSED' : 'PROTO_VERSION'
  }

  #onData(frame) {
    const stream = this.#find(frame.stream)
    if (stream) return stream.onData(frame.pieces, frame.flags)
    const charge = chargeOf(frame.pieces)
    this.#host.useLinkWindow(charge)
    this.#host.freeLinkWindow(charge)
  }

  #ifOpen(frame, action) {
    const stream = this.#find(frame.stream)
    if (stream) action(stream)
    else this.#countIdle()
  }

  /** The stream of an id, or undefined for one that is finished. */
  #find(id) {
    const isOpened = id % 2 === 1 ? id < this.#nextId : id <= 2 * this.#peerStreams
    if (!isOpened) throw new Fault('STATE', 'STRM-012')
    return this.#streams.get(id)
  }

  #countIdle() {
    const now = performance.now()
    if (now - this.#idle.since > CALM_MS) this.#idle = { since: now, frames: 0 }
    if (++this.#idle.frames > IDLE_FRAMES) this.#close('CALM')
  }

  // Opening streams, and draining

  get #openedStreams() {
    return (this.#nextId - 1) / 2
  }

  #mayNotOpen() {
    const refused = { processed: 'no' }
    if (this.#end) throw new StreamError({ by: 'link', code: this.#end.code, ...refused })
    if (this.#drainSent || this.#drainLast !== undefined) throw new StreamError({ by: 'self', code: 'DRAINING', ...refused })
    return false
  }

  async #untilGranted(signal) {
    signal?.throwIfAborted()
    await new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      signal?.addEventListener('abort', wake)
      this.#waiting.add(wake)
    })
    signal?.throwIfAborted()
  }

  #wakeWaiting() {
    for (const wake of this.#waiting) wake()
  }

  /** No stream of the other side is served here, so that the first DRAIN is the final one (OPT-4). */
  #sendDrain(code, deadlineMs = DRAIN_MS) {
    this.#drainSent = true
    this.#outbox.push(encodeFrame('DRAIN', { last: 0, code: CODES[code], deadline_ms: Math.min(deadlineMs, NEVER) }))
    if (deadlineMs < NEVER) this.#clearTimer = after(deadlineMs, () => this.#close('DRAINING'))
    this.#wakeWaiting()
    this.#closeIfDrained()
  }

  #closeIfDrained() {
    if (this.#drainSent && this.#streams.size === 0) this.#close('NO_ERROR')
  }

  // The end

  #fault(error) {
    if (error instanceof Fault && error.silent) {
      this.#abort({ by: error.code === 'FOREIGN' ? 'self' : 'refuse', code: error.code, cause: error })
    } else if (error instanceof Fault) {
      this.#close(error.code, error)
    } else {
      this.#close('INTERNAL', error)
    }
  }

  #onError(cause) {
    const isRefused = this.#socket.authorizationError // the acceptor's certificate
    this.#finish(isRefused ? { by: 'self', code: 'UNAUTHENTICATED', cause } : { by: 'transport', code: 'NO_ERROR', cause })
  }

  /** Sends CLOSE, and reads on until the transport ends or LINGER has passed (CLOSE-003). */
  #close(code, cause) {
    if (this.#state === 'HELLO' && cause === undefined) return this.#abort({ by: 'self', code })
    if (!this.#finish({ by: 'self', code, cause })) return
    this.#outbox.seal(encodeFrame('CLOSE', { code: CODES[code] }))
    this.#clearTimer = after(LINGER, () => this.#socket.destroy())
  }

  /** Ends the transport, and sends nothing more. */
  #abort(end) {
    if (!this.#finish(end)) return
    this.#outbox.clear()
    this.#socket.destroySoon()
    this.#clearTimer = after(LINGER, () => this.#socket.destroy())
  }

  /** The transport takes no bytes: there is nobody to tell (BEAT-013). */
  #stall() {
    this.#abort({ by: 'self', code: 'SEND_STALL' })
    this.#socket.destroy()
  }

  /** The link is over for all who use it. Returns false when it was before. */
  #finish(end) {
    if (this.#end) return false
    this.#end = end
    this.#state = 'CLOSING'
    this.#clearTimer()
    this.#heartbeat?.stop()
    for (const stream of [...this.#streams.values()]) {
      const processed = this.#drainLast !== UNDECIDED && stream.id > this.#drainLast ? 'no' : 'maybe'
      stream.fail(new StreamError({ by: 'link', code: end.code, processed }))
    }
    this.#wakeWaiting()
    return true
  }
}
