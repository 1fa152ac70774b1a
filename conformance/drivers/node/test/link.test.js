import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { encodeMessage } from '../call.js'
import { CODES } from '../errors.js'
import { FLAG, FRAMES, encodeRaw } from '../frame.js'
import { dial } from '../link.js'
import { acceptor } from './fake.js'

const reply = (text) => encodeMessage({ kind: 'REPLY', value: Buffer.from(text) })

async function collect(replies) {
  const all = []
  for await (const value of replies) all.push(String(value))
  return all
}

/** Runs a script and a dialer against each other. */
async function play(script, dialer, options) {
  const { addr, done, close } = await acceptor(script)
  try {
    await dialer(await dial(addr, options))
    await done
  } finally {
    close()
  }
}

test('a call, and an end in good order', () => play(
  async (peer) => {
    await peer.open()
    assert.equal((await peer.frame()).frame, 'READY')
    assert.equal((await peer.frame()).frame, undefined, 'grease')
    assert.deepEqual((await peer.frame('OPEN')).stream, 1)
    assert.equal((await peer.frame('DATA')).flags, FLAG.FIN)
    peer.send('ACCEPT', {}, 1)
    peer.send('DATA', { pieces: [reply('a'), reply('b').subarray(0, 1)] }, 1, FLAG.MORE)
    peer.send('DATA', { pieces: [reply('b').subarray(1)] }, 1, FLAG.FIN)
    assert.equal((await peer.frame('CLOSE')).code, CODES.NO_ERROR)
    assert.equal(await peer.frame(), undefined)
  },
  async (link) => {
    assert.deepEqual(await collect(link.call('m', Buffer.from('x'))), ['a', 'b'])
    assert.deepEqual({ ...(await link.close()), cause: 0 }, { by: 'self', code: 'NO_ERROR', cause: 0 })
  }
))

test('sending stops at the grant of the stream, and goes on', () => play(
  async (peer) => {
    await peer.open({ limits: { stream_credit: 65536 } })
    await peer.frame('OPEN')
    peer.send('ACCEPT', {}, 1)
    let [sent, charge] = [0, 0]
    for (let frame; sent < 200008; ) {
      if (charge >= 65536 - 64) peer.send('CREDIT', { max: charge + 1000 }, 1)
      frame = await peer.frame('DATA')
      sent += frame.pieces[0].length
      charge += frame.pieces[0].length + 64
    }
    assert.equal(sent, 200009)
    peer.send('DATA', { pieces: [] }, 1, FLAG.FIN)
    await peer.frame('CLOSE')
  },
  async (link) => {
    assert.deepEqual(await collect(link.call('m', randomBytes(200000))), [])
    await link.close()
  }
))

for (const [name, send, code] of [
  ['a frame of zeros', (peer) => peer.socket.write(Buffer.alloc(16)), 'HEADER_CRC'],
  ['a second READY', (peer) => peer.send('READY', { caps: new Map(), protos: new Map(), th: Buffer.alloc(32), ver: 1 }), 'STATE'],
  ['DATA before ACCEPT', (peer) => peer.send('DATA', { pieces: [reply('a')] }, 1), 'STATE'],
  ['DATA on a stream never opened', (peer) => peer.send('DATA', { pieces: [reply('a')] }, 3), 'STATE'],
  ['OPEN of the wrong parity', (peer) => peer.send('OPEN', { proto: 'call', ver: 1 }, 3), 'STREAM_ID'],
  ['random bytes', (peer) => peer.socket.write(randomBytes(100)), 'HEADER_CRC']
]) {
  test(`${name} ends the link with ${code}`, () => play(
    async (peer) => {
      await peer.open()
      await peer.frame('OPEN')
      send(peer)
      assert.equal((await peer.frame('CLOSE')).code, CODES[code])
      assert.equal(await peer.frame(), undefined)
    },
    async (link) => {
      await assert.rejects(collect(link.call('m')), { by: 'link', code, processed: 'maybe' })
      assert.equal((await link.ended).code, code)
    }
  ))
}

test('a message that is not finished in time resets its stream', () => play(
  async (peer) => {
    await peer.open()
    await peer.frame('OPEN')
    peer.send('ACCEPT', {}, 1)
    peer.send('DATA', { pieces: [reply('a')] }, 1, FLAG.MORE)
    assert.equal((await peer.frame('RESET')).code, CODES.MESSAGE_TIMEOUT)
    await peer.frame('CLOSE')
  },
  async (link) => {
    await assert.rejects(collect(link.call('m')), { by: 'self', code: 'MESSAGE_TIMEOUT' })
    await link.close()
  },
  { limits: { message_ms: 100 } }
))

test('a reader that does not read holds the sender up, and nothing else', () => play(
  async (peer) => {
    await peer.open()
    await peer.frame('OPEN')
    peer.send('ACCEPT', {}, 1)
    const message = randomBytes(10000)
    for (let i = 0; i < 6; i++) peer.send('DATA', { pieces: [message] }, 1)
    peer.send('PING', { echo: 7n, t1: 0n, err_us: 0 })
    for (let frame; (frame = await peer.frame()).frame !== 'PONG'; ) assert.notEqual(frame.frame, 'CREDIT')
    peer.send('DATA', { pieces: [message] }, 1)
    assert.equal((await peer.frame('CLOSE')).code, CODES.FLOW_VIOLATION)
  },
  async (link) => {
    await link.open('call')
    assert.equal((await link.ended).code, 'FLOW_VIOLATION')
  },
  { limits: { stream_credit: 65536 } }
))

test('silence ends the link', () => play(
  async (peer) => {
    await peer.open({ limits: { ping_min_ms: 10 } })
    assert.equal((await peer.frame('CLOSE')).code, CODES.IDLE)
  },
  async (link) => assert.equal((await link.ended).code, 'IDLE'),
  { limits: { idle_ms: 200, ping_ms: 50 } }
))

for (const [name, change, code] of [
  ['another hash', { th: Buffer.alloc(32) }, 'DOWNGRADE'],
  ['another version', { ver: 2 }, 'MISMATCH'],
  ['a capability too many', { caps: new Map([['probe.and', true], ['probe.max', 5], ['probe.min', 1]]) }, 'MISMATCH'],
  ['no sub-protocol', { protos: new Map() }, 'MISMATCH']
]) {
  test(`READY with ${name} is ${code}`, async () => {
    const { addr, done } = await acceptor(async (peer) => {
      await peer.open({ ready: change })
      assert.equal((await peer.frame('CLOSE')).code, CODES[code])
    })
    await assert.rejects(dial(addr), { by: 'self', code })
    await done
  })
}

test('another protocol gets no byte behind HELLO', async () => {
  const { addr, done } = await acceptor(async (peer) => {
    peer.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
    await peer.frame('CLOSE').catch(() => {})
  })
  await assert.rejects(dial(addr), { by: 'self', code: 'FOREIGN' })
  await done
})

/** A frame with right checksums and anything in it. */
function anyFrame() {
  const types = Object.values(FRAMES).map(({ type }) => type)
  const pick = (values) => values[Math.floor(Math.random() * values.length)]
  const piece = Buffer.concat([Buffer.from([0, 0, 0, 3]), randomBytes(3)])
  return encodeRaw({
    type: pick([...types, 0x13, 0x13, 0x33]),
    flags: pick([0, 0, 1, 2, 0x80]),
    reserved: 0,
    stream: pick([0, 0, 1, 1, 1, 2, 3]),
    payload: pick([Buffer.alloc(0), Buffer.from([0x80]), piece, piece, Buffer.alloc(8, 1), Buffer.alloc(24), randomBytes(48)])
  })
}

test('any frames end in a code of the specification, and never in a crash', { timeout: 60000 }, async () => {
  for (let round = 0; round < 60; round++) {
    await play(
      async (peer) => {
        await peer.open()
        await peer.frame('OPEN')
        if (round % 2) peer.send('ACCEPT', {}, 1)
        for (let i = 0; i < 30; i++) peer.socket.write(anyFrame())
        peer.socket.end()
      },
      async (link) => {
        const call = collect(link.call('m')).catch(() => {})
        const { by, code, cause } = await link.ended
        await call
        if (by === 'self') assert.notEqual(code, 'INTERNAL', cause?.stack)
        assert.ok(['self', 'peer', 'transport'].includes(by))
      }
    )
  }
})

test('a flood of frames that achieve nothing is CALM', () => play(
  async (peer) => {
    await peer.open()
    for (let i = 0; i < 5000; i++) peer.send('STREAMS', { max: 1 })
    assert.equal((await peer.frame('CLOSE')).code, CODES.CALM)
  },
  async (link) => assert.equal((await link.ended).code, 'CALM')
))

test('a peer that does not read is given up', () => play(
  async (peer) => {
    await peer.open({ limits: { link_credit: 2 ** 40, stream_credit: 2 ** 30, ping_min_ms: 10, max_message: 2 ** 30 } })
    await peer.frame('OPEN')
    peer.send('ACCEPT', {}, 1)
    peer.socket.pause()
    const beat = setInterval(() => peer.send('STREAMS', { max: 1 }), 20)
    await new Promise((resolve) => peer.socket.once('close', resolve))
    clearInterval(beat)
  },
  async (link) => {
    const stream = await link.open('call')
    await assert.rejects(stream.send(Buffer.alloc(64 * 2 ** 20)), { by: 'link', code: 'SEND_STALL' })
    assert.deepEqual({ ...(await link.ended), cause: 0 }, { by: 'self', code: 'SEND_STALL', cause: 0 })
  },
  { limits: { idle_ms: 200, ping_ms: 50 } }
))

test('options that no HELLO can state are an error of the caller, and no byte is sent', async () => {
  for (const options of [{ limits: { idle_ms: 1 } }, { caps: { 'x.large': Buffer.alloc(20000) } }]) {
    const { addr, done } = await acceptor(async (peer) => assert.equal(await peer.frame(), undefined))
    await assert.rejects(dial(addr, options), { by: 'self', code: 'INTERNAL' })
    await done
  }
})
