// Against the reference peer: HANDFAST_BIN names its binary.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { dial } from '../link.js'
import { encode } from '../msgpack.js'

const binary = process.env.HANDFAST_BIN
const skip = binary ? false : 'SKIPPED: HANDFAST_BIN does not name the binary of the reference peer'
if (skip && process.env.CI === 'true') throw new Error(skip)
if (skip) console.error(skip)

const map = (object) => encode(new Map(Object.entries(object)))

async function collect(replies) {
  const all = []
  for await (const value of replies) all.push(value)
  return all
}

async function* chunks(count, size) {
  for (let i = 0; i < count; i++) yield Buffer.alloc(size, i)
}

for (const transport of ['TCP', 'TLS']) {
  describe(`the reference peer over ${transport}`, { skip, timeout: 60000 }, () => {
    let directory
    let server
    let link
    let addr
    const options = {}

    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'handfast-'))
      const args = ['serve', '--listen', '127.0.0.1:0']
      if (transport === 'TLS') {
        const [cert, key] = certificate(directory)
        args.push('--tls', '--tls-cert', cert, '--tls-key', key)
        options.tls = { ca: readFileSync(cert), servername: 'localhost' }
      }
      server = spawn(binary, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      const [line] = await once(createInterface({ input: server.stdout }), 'line')
      addr = line.replace('listening ', '')
      link = await dial(addr, options)
    })

    after(async () => {
      await link?.close()
      server.kill()
      await once(server, 'exit')
      rmSync(directory, { recursive: true })
    })

    test('tls.bind is selected on TLS alone', () => assert.equal(link.capabilities.has('tls.bind'), transport === 'TLS'))

    test('echo', async () => {
      assert.deepEqual((await collect(link.call('echo', Buffer.from('hello')))).map(String), ['hello'])
    })

    test('echo of 3 MiB, which no window holds', async () => {
      const bytes = Buffer.alloc(3 * 2 ** 20, 'abc')
      const [back] = await collect(link.call('echo', bytes))
      assert.ok(back.equals(bytes))
    })

    test('stream of 1,000 replies', async () => {
      const replies = await collect(link.call('stream', map({ n: 1000, size: 2000 })))
      assert.equal(replies.length, 1000)
      replies.forEach((value, k) => assert.ok(value.equals(Buffer.alloc(2000, k % 256))))
    })

    test('sleep beyond its deadline', async () => {
      await assert.rejects(collect(link.call('sleep', map({ ms: 5000 }), { deadlineMs: 100 })), { code: 'DEADLINE' })
    })

    test('leaving the loop cancels', async () => {
      for await (const value of link.call('stream', map({ n: 100000, size: 1000 }))) {
        assert.equal(value.length, 1000)
        break
      }
      assert.equal((await collect(link.call('echo'))).length, 1)
    })

    test('a signal cancels', async () => {
      const signal = AbortSignal.timeout(50)
      await assert.rejects(collect(link.call('sleep', map({ ms: 5000 }), { signal })), { by: 'self', code: 'CANCELLED' })
    })

    test('fail with a code', async () => {
      const args = map({ after: 2, code: 0x8003, data: Buffer.from('d'), name: 'NotFound', processed: 'yes', retry_ms: 7, text: 'sorry' })
      const replies = link.call('fail', args)
      await replies.next()
      await replies.next()
      await assert.rejects(replies.next(), { by: 'error', code: 'CALL_FAILED', processed: 'yes', method: 'NotFound', retryMs: 7 })
    })

    test('discard of 1 MiB', async () => {
      const [counts] = await collect(link.call('discard', Buffer.alloc(0), { more: chunks(64, 16384) }))
      assert.ok(counts.equals(map({ bytes: 2 ** 20, messages: 64 })))
    })

    test('300 calls at once, more than streams are granted', async () => {
      const all = await Promise.all(Array.from({ length: 300 }, (_, i) => collect(link.call('echo', Buffer.from(String(i))))))
      all.forEach((replies, i) => assert.equal(String(replies[0]), String(i)))
    })

    test('an unmet need is refused', async () => {
      await assert.rejects(dial(addr, { ...options, need: ['delivery'] }), { by: 'refuse', code: 'NEED_UNMET' })
    })

    test('drain waits for what runs', async () => {
      const second = await dial(addr, options)
      const running = collect(second.call('sleep', map({ ms: 200 })))
      await new Promise((resolve) => setTimeout(resolve, 20))
      const end = second.drain()
      await assert.rejects(collect(second.call('echo')), { processed: 'no' })
      assert.equal((await running).length, 1)
      assert.deepEqual({ ...(await end), cause: undefined }, { by: 'self', code: 'NO_ERROR', cause: undefined })
    })
  })
}

function certificate(directory) {
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(directory, name))
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key]
  execFileSync('openssl', ['req', '-x509', ...newKey, '-days', '1', '-out', cert, ...subject], { stdio: 'ignore' })
  return [cert, key]
}
