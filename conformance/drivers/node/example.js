// node example.js HOST:PORT METHOD [TEXT]
// Calls a method with a text and prints each reply.

import { dial } from './link.js'

const [address, method, text = ''] = process.argv.slice(2)
if (method === undefined) {
  console.error('usage: node example.js HOST:PORT METHOD [TEXT]')
  process.exit(2)
}

const link = await dial(address)
try {
  for await (const reply of link.call(method, Buffer.from(text), { deadlineMs: 5000 })) console.log(String(reply))
} catch (error) {
  console.error(String(error))
  process.exitCode = 1
} finally {
  await link.drain()
}
