// Credit: totals, counted from the beginning (SPEC.md, chapter 11).

import { MESSAGE_CHARGE } from './limits.js'

export const chargeOf = (pieces) => pieces.reduce((sum, piece) => sum + piece.length + MESSAGE_CHARGE, 0)

/** What this side has granted to the other one. */
export class Window {
  #size
  #granted
  #used = 0
  #freed = 0

  constructor(size) {
    this.#size = size
    this.#granted = size
  }

  /** Whether so much may still be received. */
  allows(charge) {
    return this.#used + charge <= this.#granted
  }

  /** Whether not one byte may be received any more, so that it is this side that holds a message up. */
  get isShut() {
    return !this.allows(MESSAGE_CHARGE + 1)
  }

  use(charge) {
    this.#used += charge
  }

  /** Takes charge back. Returns whether that makes a CREDIT worth sending. */
  free(charge) {
    this.#freed += charge
    return this.#size + this.#freed - this.#granted >= this.#size / 4
  }

  /** The new total for a CREDIT. */
  grant() {
    this.#granted = this.#size + this.#freed
    return this.#granted
  }
}

/** What the other side has granted to this one. */
export class Budget {
  #granted
  #used = 0

  constructor(granted) {
    this.#granted = granted
  }

  get left() {
    return this.#granted - this.#used
  }

  use(charge) {
    this.#used += charge
  }

  /** Takes a new total. Returns whether it raises anything. */
  raise(total) {
    if (total <= this.#granted) return false
    this.#granted = total
    return true
  }
}
