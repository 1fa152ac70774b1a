// An acceptor that does as a test says, over real sockets.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { agree } from '../agreement.js'
import { ByteQueue } from '../bytes.js'
import { encodeFrame, frameName, parseFrame, readFrame } from '../frame.js'
import { completeLimits } from '../limits.js'
import { encodeHello, readOpening } from '../opening.js'

/** Listens for one dialer. `script` gets an Acceptor; what it throws fails the test that awaits `done`. */
export async function acceptor(script) {
  const server = net.createServer()
  const done = once(server, 'connection').then(async ([socket]) => {
    const peer = new Acceptor(socket)
    try {
      await script(peer)
    } finally {
      socket.destroy()
      server.close()
    }
  })
  done.catch(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { addr: `127.0.0.1:${server.address().port}`, done, close: () => server.close() }
}

class Acceptor {
  #bytes = new ByteQueue()
  #arrived = () => {}
  #ended = false

  constructor(socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      this.#bytes.push(chunk)
      this.#arrived()
    })
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#ended = true
        this.#arrived()
      })
    }
  }

  /** Opening and READY, as they should be. Returns what was agreed. */
  async open({ limits, hello = {}, ready = {} } = {}) {
    const dialer = await this.#read(readOpening)
    const mine = this.hello({ limits, ...hello })
    const bytes = encodeHello(mine)
    const agreed = agree({ hello: dialer.value, bytes: dialer.bytes }, { value: mine, bytes })
    this.socket.write(Buffer.concat([bytes, encodeFrame('READY', { ...agreed, ...ready })]))
    return { dialer: dialer.value, agreed }
  }

  hello({ limits, ...rest }) {
    return {
      vers: [1],
      node: randomBytes(16),
      cluster: Buffer.alloc(16),
      incarnation: 1,
      nonce: randomBytes(32),
      caps: new Map([['probe.and', true], ['probe.max', 5]]),
      need: [],
      protos: new Map([['call', [1]]]),
      limits: completeLimits(limits),
      ...rest
    }
  }

  send(...args) {
    this.socket.write(encodeFrame(...args))
  }

  /** The next frame that is not PING, or undefined at the end; with a name, the next of that type. */
  async frame(name) {
    for (;;) {
      const raw = await this.#read((queue) => readFrame(queue, { maxFrame: 1048576 }))
      if (raw === undefined) return undefined
      const frame = frameName(raw.type) === undefined ? raw : parseFrame(raw)
      if (name === undefined ? frame.frame !== 'PING' : frame.frame === name) return frame
    }
  }

  async #read(take) {
    for (;;) {
      const item = take(this.#bytes)
      if (item !== undefined || this.#ended) return item
      await new Promise((resolve) => (this.#arrived = resolve))
    }
  }
}
