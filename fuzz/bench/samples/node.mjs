// The driver of the JavaScript client with one of the bugs below, which are harder to find than its own. HANDFAST_BUG names it.

import { register } from 'node:module'

const drivers = new URL('../../../conformance/drivers/node/', import.meta.url)

/** Edits: [file, text that occurs once, what stands there instead]. */
const BUGS = {
  'node-off-by-one': [['frame.js', "if (length > payload.length - at) encoding('DATA-001')", "if (length > payload.length - at + (pieces.length === 2)) encoding('DATA-001')"]],
  'node-missing-checksum': [['frame.js', 'if (length > 0 && crc32c', 'if (length > 0 && (type !== 0x14 || length > 24) && crc32c']],
  'node-duplicate-key': [['msgpack.js', "if (order === 0) refuse('MP-011')", "if (order === 0 && (depth < 3 || i < 2)) refuse('MP-011')"]],
  'node-wrong-order': [['msgpack.js', "if (order > 0) refuse('MP-010')", "if (order > 0 && last.length === key.length) refuse('MP-010')"]],
  'node-integer-width': [['msgpack.js', 'return exact(n)\n  }\n\n  #int64', 'return Number(n)\n  }\n\n  #int64']],
  'node-sign': [['frame.js', 'i64: (p, at) => p.readBigInt64BE(at)', 'i64: (p, at) => (at === 24 ? p.readBigUInt64BE(at) : p.readBigInt64BE(at))']],
  'node-depth': [['msgpack.js', "#map(count, depth) {\n    if (depth >= MAX.depth) refuse('MP-007')", "#map(count, depth) {\n    if (depth > MAX.depth) refuse('MP-007')"]],
  'node-hang': [['frame.js', 'const pieces = []\n  for (let at = 0', 'const pieces = []\n  if (payload.length === 12 && payload[3] === 1) for (;;);\n  for (let at = 0']]
}

const name = process.env.HANDFAST_BUG
delete process.env.HANDFAST_BUG // it is no bug of the driver's own
if (name) {
  if (!Object.hasOwn(BUGS, name)) throw new Error(`no bug is named ${name}`)
  register('./bugs-loader.js', { parentURL: drivers, data: { edits: BUGS[name] } })
}
await import(new URL('driver.js', drivers))
