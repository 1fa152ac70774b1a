// Timers.

const LONGEST = 2 ** 31 - 1 // what setTimeout takes; more would fire at once

/** setTimeout for any duration in milliseconds. Returns a function that clears it. */
export function after(ms, action) {
  const timer = setTimeout(action, Math.min(ms, LONGEST))
  return () => clearTimeout(timer)
}

/** A countdown that can be paused. */
export class Countdown {
  #left
  #action
  #since
  #clear

  constructor(ms, action) {
    this.#left = ms
    this.#action = action
  }

  run() {
    if (this.#clear) return
    this.#since = performance.now()
    this.#clear = after(this.#left, this.#action)
  }

  pause() {
    if (!this.#clear) return
    this.#clear()
    this.#clear = undefined
    this.#left = Math.max(0, this.#left - (performance.now() - this.#since))
  }
}
