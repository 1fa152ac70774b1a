// PING, PONG and silence (SPEC.md, chapter 9).

import { encodeFrame } from './frame.js'
import { after } from './timer.js'

const STRIKES = 10 // between the bounds of BEAT-010 and BEAT-011
const UNKNOWN = 0xffffffff
const SAMPLES = 8

const wallNs = () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n

export class Heartbeat {
  #outbox
  #intervalMs
  #earlyMs
  #onCalm
  #onSilence
  #pinged = performance.now()
  #unanswered // { echo, at }
  #echo = 0n
  #lastPing = -Infinity
  #strikes = 0
  #heard = performance.now()
  #samples = []
  #clearPing
  #clearSilence

  /** `onCalm` is called when too many PINGs came early, `onSilence` when no frame came for `silenceMs`. */
  constructor({ outbox, limits, peerLimits, onCalm, onSilence }) {
    this.#outbox = outbox
    this.#intervalMs = Math.max(limits.ping_ms, peerLimits.ping_min_ms)
    this.#earlyMs = limits.ping_min_ms / 2
    this.silenceMs = Math.max(limits.idle_ms, 3 * this.#intervalMs)
    this.#onCalm = onCalm
    this.#onSilence = onSilence
    this.#armPing()
    this.#armSilence()
  }

  stop() {
    this.#clearPing?.()
    this.#clearSilence()
  }

  /** A whole frame has arrived. */
  heard() {
    this.#heard = performance.now()
  }

  onPing({ echo, t1 }) {
    const read = performance.now()
    const t2 = wallNs()
    this.#strikes = read - this.#lastPing < this.#earlyMs ? this.#strikes + 1 : 0
    this.#lastPing = read
    if (this.#strikes >= STRIKES) return this.#onCalm()
    this.#outbox.owe('PONG', () => {
      const hold = Math.round((performance.now() - read) * 1000)
      return encodeFrame('PONG', { echo, t1, t2, t3: t2 + BigInt(hold) * 1000n, hold_us: Math.min(hold, UNKNOWN), err_us: UNKNOWN, clock: 0 })
    })
  }

  /** Returns whether the PONG answers a PING. */
  onPong(pong) {
    if (this.#unanswered === undefined || pong.echo !== this.#unanswered.echo) return false
    this.#sample(pong, performance.now() - this.#unanswered.at)
    this.#unanswered = undefined
    this.#armPing()
    return true
  }

  /**
   * Round trip, and offset of the other clock with its error bound, in microseconds, by the best of the last samples;
   * undefined before the first. For people: nothing is set or ordered by it (BEAT-014).
   */
  get clock() {
    const best = this.#samples.reduce((a, b) => (a && a.rttUs <= b.rttUs ? a : b), undefined)
    if (best === undefined) return undefined
    const { rttUs, offsetUs, errUs, at } = best
    return { rttUs, offsetUs, boundUs: rttUs / 2 + errUs + 250000 + (performance.now() - at) * 0.015 }
  }

  #sample({ t1, t2, t3, hold_us, err_us, clock }, elapsedMs) {
    const hold = Number(t3 - t2) / 1000
    if (Math.abs(hold - hold_us) > 1000 || clock & 1) return
    if (![t1, t2, t3].every((t) => t > 1577836800n * 10n ** 9n && t < 7258118400n * 10n ** 9n)) return
    const offsetUs = Number(t2 - t1 + (t3 - wallNs())) / 2000
    const rttUs = Math.max(1, elapsedMs * 1000 - hold_us)
    this.#samples.push({ rttUs, offsetUs, errUs: err_us === UNKNOWN ? 250000 : err_us, at: performance.now() })
    if (this.#samples.length > SAMPLES) this.#samples.shift()
  }

  #armPing() {
    this.#clearPing?.()
    const due = this.#pinged + this.#intervalMs - performance.now()
    this.#clearPing = after(Math.max(0, Math.ceil(due)), () => this.#ping())
  }

  #ping() {
    if (this.#unanswered) return
    if (performance.now() - this.#pinged < this.#intervalMs) return this.#armPing()
    this.#pinged = performance.now()
    this.#unanswered = { echo: ++this.#echo, at: this.#pinged }
    this.#outbox.push(encodeFrame('PING', { echo: this.#echo, t1: wallNs(), err_us: UNKNOWN }))
  }

  #armSilence() {
    const due = this.#heard + this.silenceMs - performance.now()
    this.#clearSilence = after(Math.max(0, Math.ceil(due)), () => {
      // Timers run before sockets are read: what waits there counts, where this process was held up itself.
      const immediate = setImmediate(() => {
        if (performance.now() - this.#heard < this.silenceMs) this.#armSilence()
        else this.#onSilence()
      })
      this.#clearSilence = () => clearImmediate(immediate)
    })
  }
}
