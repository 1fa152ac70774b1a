// What waits to be written. One write is under way at a time, so that nothing piles up behind a peer that does not read.

import { randomBytes, randomInt } from 'node:crypto'
import { GREASE, encodeRaw } from './frame.js'
import { after } from './timer.js'

const BATCH = 65536
const GREASE_ONE_IN = 1000

/** A frame that means nothing and has to be skipped (SPEC.md, chapter 18). */
export function greaseFrame() {
  return encodeRaw({
    type: GREASE[randomInt(GREASE.length)],
    flags: randomInt(8) << 4,
    reserved: randomInt(0x10000),
    stream: 0,
    payload: randomBytes(randomInt(65))
  })
}

export class Outbox {
  #socket
  #frames = []
  #replies = new Map()
  #senders = new Set()
  #writing = false
  #sealed = false
  #clearStall
  #stallMs
  #onStall
  #grease = false

  constructor(socket) {
    this.#socket = socket
  }

  /** From now on sends grease now and then, and calls `onStall` when the transport takes nothing for so long (BEAT-013). */
  watch(stallMs, onStall) {
    this.#stallMs = stallMs
    this.#onStall = onStall
    this.#grease = true
  }

  /** Queues a frame. */
  push(bytes) {
    if (this.#sealed) return
    this.#frames.push(bytes)
    this.#flush()
  }

  /** Owes the peer a reply, which `make` builds when it can be written: one place for each key, the newest counts (CRED-010). */
  owe(key, make) {
    if (this.#sealed) return
    this.#replies.set(key, make)
    this.#flush()
  }

  /** Such a reply is not owed any more. */
  disown(key) {
    this.#replies.delete(key)
  }

  /** A stream has something to send: its next() gives a frame, or undefined while credit lacks. */
  offer(sender) {
    if (this.#sealed) return
    this.#senders.add(sender)
    this.#flush()
  }

  withdraw(sender) {
    this.#senders.delete(sender)
  }

  /** The last frame: nothing is sent after it, nor what it overtakes. */
  seal(bytes) {
    if (this.#sealed) return
    if (bytes) this.#frames.push(bytes)
    this.#replies.clear()
    this.#senders.clear()
    this.#sealed = true
    this.#flush()
  }

  /** Drops everything. */
  clear() {
    this.#sealed = true
    this.#frames = []
    this.#replies.clear()
    this.#senders.clear()
    this.#clearStall?.()
  }

  #flush() {
    if (this.#writing) return
    this.#writing = true
    const batch = this.#collect()
    if (batch.length > 0) return this.#write(batch)
    this.#writing = false
    if (this.#sealed) this.#socket.end()
  }

  #write(batch) {
    if (this.#stallMs) this.#clearStall = after(this.#stallMs, this.#onStall)
    this.#socket.write(batch.length === 1 ? batch[0] : Buffer.concat(batch), (error) => {
      this.#clearStall?.()
      this.#writing = false
      if (!error) this.#flush()
    })
  }

  #collect() {
    const batch = this.#frames
    this.#frames = []
    for (const make of this.#replies.values()) batch.push(make())
    this.#replies.clear()
    let room = BATCH
    for (const sender of this.#senders) {
      this.#senders.delete(sender)
      for (let frame; room > 0 && (frame = sender.next()); room -= frame.length) batch.push(frame)
      if (room <= 0) {
        this.#senders.add(sender) // behind the others, whose turn comes first
        break
      }
    }
    if (this.#grease && batch.length > 0 && !this.#sealed && randomInt(GREASE_ONE_IN) < batch.length) batch.unshift(greaseFrame())
    return batch
  }
}
