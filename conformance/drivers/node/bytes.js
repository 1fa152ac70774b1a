// Bytes that have arrived and are not parsed yet.

const KEEP = 65536

/** A queue of bytes. It never holds more memory than twice what is in it, and 64 KiB (FRAME-020). */
export class ByteQueue {
  #buffer = Buffer.alloc(0)
  #start = 0
  #end = 0

  get length() {
    return this.#end - this.#start
  }

  push(chunk) {
    const needed = this.length + chunk.length
    if (this.#end + chunk.length > this.#buffer.length) {
      const target = needed > this.#buffer.length ? Buffer.allocUnsafe(2 * needed) : this.#buffer
      this.#buffer.copy(target, 0, this.#start, this.#end)
      this.#buffer = target
      this.#end -= this.#start
      this.#start = 0
    }
    this.#end += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).copy(this.#buffer, this.#end)
  }

  /** The first n bytes, or as many as there are. The view is good until the next push or take. */
  peek(n) {
    return this.#buffer.subarray(this.#start, Math.min(this.#start + n, this.#end))
  }

  /** The first n bytes, as a copy that belongs to the caller. */
  take(n) {
    const taken = copy(this.peek(n))
    this.#start += taken.length
    if (this.length === 0) {
      this.#start = this.#end = 0
      if (this.#buffer.length > KEEP) this.#buffer = Buffer.alloc(0)
    }
    return taken
  }
}

/** A copy with memory of its own: a slice would keep all that surrounds it alive. */
export function copy(bytes) {
  const own = Buffer.from(new ArrayBuffer(bytes.length))
  own.set(bytes)
  return own
}
