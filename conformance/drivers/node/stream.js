// A stream that this side opened (SPEC.md, chapters 10 and 11).

import { ByteQueue } from './bytes.js'
import { Budget, Window, chargeOf } from './credit.js'
import { CODES, Fault, StreamError } from './errors.js'
import { FLAG, encodeFrame } from './frame.js'
import { MESSAGE_CHARGE } from './limits.js'
import { Countdown } from './timer.js'

const LARGEST_PIECE = 32768 // so that a large message delays nobody

/**
 * A stream of messages. Iterate it for those that come: it ends at FIN and throws a StreamError where the stream breaks
 * off. `host` is the link: its outbox, limits, windows and budget. `decode` turns each message that comes into what is
 * handed on, and throws a Fault where the stream is to be reset.
 */
export class Stream {
  #host
  #accepted = false
  #budget
  #unsent = [] // messages: { bytes, at, fin, resolve, reject }
  #finQueued = false
  #finSent = false
  #window
  #inbox = [] // messages: queue and size, value when whole; charge, and joined, the bytes that are charged no more
  #decode
  #joining
  #countdown
  #finReceived = false
  #error
  #readers = []

  constructor(host, id, decode = (message) => message) {
    this.id = id
    this.#decode = decode
    this.#host = host
    this.#budget = new Budget(host.peerLimits.stream_credit)
    this.#window = new Window(host.limits.stream_credit)
  }

  /** Sends a message. Resolves when the last of it was written, which credit may delay; rejects when the stream broke off. */
  send(message, { fin = false } = {}) {
    return this.#queue({ bytes: message, at: 0, fin })
  }

  /** Sends FIN: nothing more will be sent. */
  finish() {
    return this.#queue({ fin: true })
  }

  /** The next message, or null at the end. */
  async receive() {
    for (;;) {
      if (this.#inbox[0]?.isWhole) return this.#take()
      if (this.#error) throw this.#error
      if (this.#finReceived) return null
      await new Promise((resolve) => this.#readers.push(resolve))
    }
  }

  async *[Symbol.asyncIterator]() {
    for (let message; (message = await this.receive()) !== null; ) yield message
  }

  /** Ends both directions at once, and drops what was not read. */
  reset(code) {
    this.refuse(code)
    this.#error ??= new StreamError({ by: 'self', code, processed: 'maybe' }) // finished, and yet not read to its end
    for (const message of this.#inbox.splice(0)) this.#release(message)
  }

  // What follows is called by the link.

  /** Answers a fault of the peer: as reset, but what came before it can still be read. */
  refuse(code) {
    if (this.#isFinished) return
    this.#host.outbox.push(encodeFrame('RESET', { code: CODES[code] }, this.id))
    this.fail(new StreamError({ by: 'self', code, processed: 'maybe' }))
  }

  onAccept() {
    if (this.#accepted) throw new Fault('STATE', 'STRM-016')
    this.#accepted = true
  }

  onReject(error) {
    if (this.#accepted) throw new Fault('STATE', 'STRM-016')
    this.fail(error)
  }

  /** A CREDIT. Returns whether it changed anything. */
  onCredit(total) {
    if (!this.#accepted) throw new Fault('STATE', 'STRM-021')
    return !this.#finSent && this.#budget.raise(total) && (this.wake(), true)
  }

  onData(pieces, flags) {
    if (!this.#accepted) throw new Fault('STATE', 'STRM-021')
    if (this.#finReceived) throw new Fault('STATE', 'STRM-013')
    if (pieces.length === 0 && this.#joining) throw new Fault('ENCODING', 'DATA-009')
    const charge = chargeOf(pieces)
    if (!this.#window.allows(charge)) throw new Fault('FLOW_VIOLATION', 'CRED-001')
    this.#window.use(charge)
    this.#host.useLinkWindow(charge)
    pieces.forEach((piece, i) => this.#append(piece, i < pieces.length - 1 || !(flags & FLAG.MORE)))
    if (flags & FLAG.FIN) this.#finReceived = true
    this.#moveJoined()
    this.#settle()
    this.#wakeReaders()
  }

  /** Goes on sending: credit may have come. */
  wake() {
    if (this.#unsent.length > 0) this.#host.outbox.offer(this)
  }

  /** The next frame to send, or undefined where there is none or credit lacks. */
  next() {
    const message = this.#unsent[0]
    if (message === undefined) return undefined
    if (message.bytes === undefined) return this.#sent(message, [], FLAG.FIN)
    const rest = message.bytes.length - message.at
    const room = Math.min(this.#budget.left, this.#host.budget.left) - MESSAGE_CHARGE
    const size = Math.min(rest, room, LARGEST_PIECE, this.#host.peerLimits.max_frame - 4)
    if (room < 0 || (size === 0 && rest > 0)) return undefined
    this.#budget.use(size + MESSAGE_CHARGE)
    this.#host.budget.use(size + MESSAGE_CHARGE)
    const piece = message.bytes.subarray(message.at, (message.at += size))
    if (size < rest) return encodeFrame('DATA', { pieces: [piece] }, this.id, FLAG.MORE)
    return this.#sent(message, [piece], message.fin ? FLAG.FIN : 0)
  }

  /** The stream is over by an error. Messages that are whole can still be read. */
  fail(error) {
    if (this.#isFinished) return
    this.#error = error
    this.#leave()
    for (const message of this.#inbox) this.#release(message) // for other streams: this one gets no more
    this.#inbox = this.#inbox.filter((message) => message.isWhole)
    this.#joining = undefined
    for (const message of this.#unsent.splice(0)) message.reject(error)
    this.#wakeReaders()
  }

  /** The clock of a message that is being joined runs while no credit is withheld from it (DATA-007). */
  runClock() {
    if (this.#joining && this.#joining === this.#inbox[0] && !this.#host.window.isShut) this.#countdown.run()
    else this.#countdown?.pause()
  }

  get #isFinished() {
    return this.#error !== undefined || (this.#finSent && this.#finReceived)
  }

  #queue(message) {
    if (this.#error) return Promise.reject(this.#error)
    if (this.#finQueued) return Promise.reject(new TypeError('nothing can be sent after FIN'))
    this.#finQueued = message.fin
    return new Promise((resolve, reject) => {
      this.#unsent.push({ ...message, resolve, reject })
      this.wake()
    })
  }

  #sent(message, pieces, flags) {
    this.#unsent.shift()
    message.resolve()
    if (flags & FLAG.FIN) {
      this.#finSent = true
      this.#settle()
    }
    return encodeFrame('DATA', { pieces }, this.id, flags)
  }

  #append(piece, isWhole) {
    const charge = chargeOf([piece])
    if (this.#error) return this.#host.freeLinkWindow(charge)
    if (!this.#joining) this.#begin()
    const message = this.#joining
    message.size += piece.length
    message.charge += charge
    if (message.size > this.#host.limits.max_message) return this.refuse('MSG_TOO_BIG')
    message.queue.push(piece)
    if (isWhole) this.#complete(message)
  }

  #begin() {
    this.#joining = { queue: new ByteQueue(), size: 0, charge: 0, joined: 0, isWhole: false }
    this.#inbox.push(this.#joining)
    this.#countdown = new Countdown(this.#host.limits.message_ms, () => this.refuse('MESSAGE_TIMEOUT'))
  }

  #complete(message) {
    try {
      message.value = this.#decode(message.queue.take(message.size))
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return this.refuse(error.code)
    }
    message.isWhole = true
    this.#joining = undefined
    this.#countdown.pause()
  }

  /**
   * Gives back the charge of a message that is being joined, once all before it have been read (CRED-006): so a stream
   * keeps no more than its window and one message. What the link keeps in this way has a bound as well (OPT-006).
   */
  #moveJoined() {
    const message = this.#inbox[0]
    if (message !== undefined && message === this.#joining) {
      this.#host.joined += message.size - message.joined
      message.joined = message.size
      this.#free(message.charge)
      message.charge = 0
      if (this.#host.joined > this.#host.maxJoined) this.refuse('OVERLOADED')
    }
    this.runClock()
  }

  #take() {
    const message = this.#inbox.shift()
    this.#release(message)
    this.#moveJoined()
    return message.value
  }

  #release(message) {
    this.#host.joined -= message.joined
    this.#free(message.charge)
    message.joined = message.charge = 0
  }

  #free(charge) {
    this.#host.freeLinkWindow(charge)
    if (!this.#window.free(charge) || this.#finReceived || this.#isFinished) return
    this.#host.outbox.owe(this, () => encodeFrame('CREDIT', { max: this.#window.grant() }, this.id))
  }

  #settle() {
    if (this.#isFinished) this.#leave()
  }

  #leave() {
    this.#countdown?.pause()
    this.#host.outbox.withdraw(this)
    this.#host.outbox.disown(this)
    this.#host.forget(this)
  }

  #wakeReaders() {
    for (const wake of this.#readers.splice(0)) wake()
  }
}
