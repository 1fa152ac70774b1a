// Compiles spec/handfast.ksy to JavaScript and runs it over all vectors in testdata/vectors.
//
//	node test.mjs ROOT      ROOT is the root of the repository
//
// An accepted vector parses to its last byte, and says what its value says. A rejected one fails to parse, unless its fault is one that Kaitai
// Struct cannot judge: those are counted by requirement and held against UNJUDGED, so that nothing is left out unseen.

import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import yaml from 'js-yaml'

const require = createRequire(import.meta.url)
const KaitaiStream = require('kaitai-struct/KaitaiStream')
const Compiler = require('kaitai-struct-compiler')

// UNJUDGED counts the rejected vectors that parse, by the requirement that they break, and says why nothing is seen. A vector that was added, or
// a rule that the format has learned, changes a number here.
const UNJUDGED = {
  'FRAME-001': [9, 'checksum'],
  'FRAME-002': [11, 'checksum'],
  'HELLO-008': [12, 'checksum'],
  'MP-005': [32, 'UTF-8, which the runtime decodes leniently'],
  'MP-008': [2, 'the number of all values in a body'],
  'HELLO-013': [4, 'a version twice, version 0, and nothing but grease'],
  'HELLO-014': [7, 'ver_min and ver_max against vers'],
  'HELLO-027': [2, 'a version twice, and version 0'],
  'CAP-012': [5, 'order of the names in a set or list'],
  'CRED-008': [6, 'range of a number of 64 bits'],
  'FRAME-003': [1, "the receiver's own max_frame"],
  'CALL-002': [8, 'signs in a method, and which message comes first'],
  'CALL-010': [2, 'whose turn it is'],
  'CALL-016': [2, 'whose turn it is'],
  'CALL-013': [3, 'processed is no, maybe or yes'],
  'REC-001': [5, 'range of a number of 64 bits'],
  'ACK-001': [10, 'range and order of numbers of 64 bits'],
  'GAP-001': [4, 'range and order of numbers of 64 bits'],
  'CHAN-004': [23, 'range and order of numbers, and names of states'],
  'SYNC-005': [11, 'who sends a message, UTF-8, the number of entries of a RESULT, and items that have not the prefix'],
  'OBJ-017': [3, 'the characters of a namespace'],
  'REAL-029': [3, 'sums of numbers of 64 bits']
}

// OTHERS are languages that the format is compiled to only to see that it can be.
const OTHERS = ['python', 'java', 'cpp_stl', 'go', 'csharp', 'ruby', 'php']

// Integers of 64 bits: the runtime makes doubles of them, which are not exact.
KaitaiStream.prototype.readU8be = function () { return big(this, false) }
KaitaiStream.prototype.readS8be = function () { return big(this, true) }

function big(io, signed) {
  const n = (BigInt(io.readU4be()) << 32n) | BigInt(io.readU4be())
  return signed ? BigInt.asIntN(64, n) : n
}

const root = process.argv[2]
const registry = JSON.parse(readFileSync(join(root, 'spec/registry.json'), 'utf8'))
const Handfast = await compile(readFileSync(join(root, 'spec/handfast.ksy'), 'utf8'))
const TYPES = {
  opening: Handfast.Opening, frame: Handfast.Frame, call: Handfast.CallMessage, msgpack: Handfast.MsgpackBody,
  sync: Handfast.SyncMessage, realtime: Handfast.RealtimeMessage
}

async function compile(text) {
  const files = await Compiler.compile('javascript', yaml.load(text), null, false)
  for (const language of OTHERS) await Compiler.compile(language, yaml.load(text), null, false)
  const module = {}
  new Function('exports', 'require', 'define', files['Handfast.js'])(module, require, undefined)
  return module.Handfast
}

// parse parses a whole input as one item.
function parse(op, bytes) {
  const io = new KaitaiStream(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const item = new TYPES[op](io)
  if (!io.isEof()) throw new Error(`${io.size - io.pos} bytes are left over`)
  return item
}

const hex = bytes => Buffer.from(bytes).toString('hex')
const text = bytes => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
const pascal = name => camel('_' + name.toLowerCase())
const camel = name => name.replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase())

// expect throws where two things differ.
function expect(what, have, want) {
  if (have !== want) throw new Error(`${what} is ${have}, and should be ${want}`)
}

// code reads an error code or a frame type as the vectors write it: a name, or 0x and digits.
function number(table, name) { return name.startsWith('0x') ? Number(name) : table[name] }

// integer gives the exact number of an int.
function integer(node) {
  if (node.head === 0xcf) return (BigInt(node.uint64High) << 32n) | BigInt(node.uint64Low)
  if (node.head === 0xd3) return (BigInt(node.int64High) << 32n) | BigInt(node.int64Low)
  return BigInt(node.int)
}

const entries = node => Object.fromEntries(node.map.map(e => [e.key.text, e.value]))

// same compares a MessagePack value with the form that a vector gives it: tagged where its type is not clear from elsewhere.
function same(what, node, want) {
  if (want === null) return expect(what, node.isNil, true)
  if (typeof want === 'boolean') return expect(what, node.isBool && node.bool, want)
  if (typeof want === 'string') {
    if (node.isInt) return expect(what, String(integer(node)), want)
    if (node.isBin) return expect(what, hex(node.bin), want)
    expect(`${what}: str`, node.isStr, true)
    return expect(what, text(node.str), want)
  }
  if (Array.isArray(want)) {
    expect(`${what}: array`, node.isArray, true)
    expect(`${what}: length`, node.array.length, want.length)
    return want.forEach((one, i) => same(`${what}[${i}]`, node.array[i], one))
  }
  if (node.isArray) return same(what, node, Object.values(want)) // a tuple with names: epoch, nonce, first
  if (node.isInt) return same(what, node, want.int)
  if (node.isBin) return same(what, node, want.bin)
  return sameMap(what, node, want.map ?? want)
}

// sameMap compares a map of which every key is known.
function sameMap(what, node, want) {
  expect(`${what}: map`, node.isMap, true)
  const have = entries(node)
  if (what === 'protos') { // of a READY the form leaves out what is no version
    for (const [name, value] of Object.entries(have)) if (!value.isU16 && !(name in want)) delete have[name]
  }
  expect(`keys of ${what}`, Object.keys(have).sort().join(), Object.keys(want).sort().join())
  for (const key in want) same(`${what}.${key}`, have[key], want[key])
}

// sameKeys compares a body by the keys that the registry gives it; others are ignored, and so are limits that nobody knows.
function sameKeys(what, node, keys, want) {
  const have = entries(node)
  for (const key of keys) {
    const name = key.name
    expect(`${what} has ${name}`, name in have, name in want)
    if (!(name in want)) continue
    if (name === 'code') expect('code', Number(integer(have[name])), number(Handfast.ErrorCode, want[name]))
    else if (name === 'limits') sameLimits(have[name], want[name])
    else if (key.keys) sameKeys(name, have[name], key.keys, want[name])
    else same(name, have[name], want[name])
  }
}

function sameLimits(node, want) {
  const have = entries(node)
  for (const limit of registry.limits) {
    if (limit.name in have) same(limit.name, have[limit.name], want[limit.name])
    else expect(limit.name, String(limit.default), want[limit.name])
  }
}

const keysOf = (list, name) => list.find(one => one.name === name).keys

const compare = {
  msgpack(item, want) { same('value', item.value, want) },

  opening(item, want) {
    expect('kind', item.kind, Handfast.OpeningKind[want.kind])
    expect('length', item.length, item._io.size - 24)
    const versions = want.vers.map(Number).filter(v => (v & registry.grease.version_mask) !== registry.grease.version_value)
    if (want.kind === 'HELLO') {
      expect('ver_min', item.verMin, Math.min(...versions))
      expect('ver_max', item.verMax, Math.max(...versions))
    }
    const { kind, ...keys } = want
    sameKeys(kind, item.body.value, keysOf(registry.opening.kinds, kind), keys)
  },

  sync(item, want) { layout('Sync', item, want) },
  realtime(item, want) { layout('Realtime', item, want) },

  call(item, want) {
    expect('kind', item.kind, Handfast.CallKind[want.kind])
    const messages = registry.protos.find(p => p.name === 'call').messages
    const { kind, ...fields } = want
    if (kind === 'ERROR') return sameKeys(kind, item.message.value, keysOf(messages, kind), fields)
    for (const name in fields) fixed(name, item.message[camel(name)], fields[name])
    if (kind === 'REQUEST') expect('method_length', item.message.methodLength, fields.method.length)
  },

  frame(item, want) {
    const known = !want.frame.startsWith('0x')
    expect('type', item.type, number(Handfast.FrameType, want.frame))
    expect('stream', String(item.stream), want.stream ?? '0')
    const { frame, stream, flags, ...fields } = want
    const defined = registry.flags.filter(f => f.types !== '*' && (f.types.includes(frame) || !known)).reduce((all, f) => all | f.value, 0)
    if (flags !== undefined) {
      const bits = flags.split('|').reduce((all, name) => all | (registry.flags.find(f => f.name === name)?.value ?? Number(name)), 0)
      expect('flags', known ? item.flags & defined : item.flags, bits)
      for (const f of registry.flags) expect(f.name, item[camel(f.name.toLowerCase())], (item.flags & f.value) !== 0)
    }
    if (!known) {
      expect('reserved', String(item.reserved), fields.reserved)
      return expect('payload', hex(item.length > 0 ? item.payload.bytes : []), fields.payload)
    }
    const info = registry.frames.find(f => f.name === frame)
    if (info.keys) return sameKeys(frame, item.payload.value, info.keys, fields)
    for (const name in fields) fixed(name, item.payload[camel(name)], fields[name])
    const names = info.fields.map(f => f.name).filter(name => name !== 'reserved' && name !== 'count')
    expect('fields', Object.keys(fields).sort().join(), names.sort().join())
  }
}

// bytesOf gives the bytes of a field, which the runtime keeps beside what it has made of them.
const bytesOf = (item, name) => item['_raw_' + name] ?? item[name]

// layout compares a message of a sub-protocol that has a layout with its JSON form: every member but those below has the name of a field.
function layout(proto, item, want) {
  const name = Object.keys(Handfast[proto + 'Kind']).find(key => Handfast[proto + 'Kind'][key] === item.kind)
  expect('kind', name, want.kind)
  const m = item.message, { kind, flags, ...fields } = want
  const set = Object.getOwnPropertyNames(m.constructor.prototype).filter(key => /^flag[A-Z]/.test(key) && m[key]).map(key => key.slice(4).toUpperCase())
    .filter(key => key !== 'COUNTS' || !/^0*$/.test(hex(bytesOf(m, 'counts')))) // counts that are all 0 are no counts
  expect('flags', set.sort().join('|'), (flags ?? '').split('|').sort().join('|'))
  for (const [member, value] of Object.entries(fields)) {
    const at = camel(member), enums = Handfast[`${proto}${pascal(kind)}${pascal(member)}`]
    if (member === 'digests') expect(member, hex(bytesOf(m, 'entries')), value)
    else if (member === 'entries') entriesOf(m.runs.elements, value)
    else if (member === 'path') expect(member, m.path.elements.map(e => hex(e.cluster)).join(), value.join())
    else if (typeof enums === 'object') expect(member, enums[m[at]].toLowerCase(), value.toLowerCase())
    else if (member === 'code') fixed(member, m.code, value)
    else exact(member, bytesOf(m, at) ?? m.counts?.[at] ?? m.root?.[at], value)
  }
}

// entriesOf compares the entries of RESULT, of which one run may have several.
function entriesOf(runs, want) {
  const have = runs.flatMap(run => Array(run.more + 1).fill(run))
  expect('entries', have.length, want.length)
  have.forEach((run, i) => {
    expect('outcome', Handfast.SyncResultRunsElementOutcome[run.outcome].toLowerCase().replace('_', '-'), want[i].outcome)
    expect('siblings', String(run.siblings), want[i].siblings)
    fixed('code', run.code, want[i].code)
  })
}

// fixed compares a field of a fixed layout.
function fixed(name, have, want) {
  if (name === 'code') return expect(name, have, number(Handfast.ErrorCode, want))
  if (name === 'clock') return expect(name, String(have & 1), want) // other bits are ignored
  if (name === 'pieces') return expect(name, have.map(p => hex(p.bytes)).join(), want.join())
  if (name === 'ranges') return expect(name, have.map(r => `${r.first}-${r.last}`).join(), want.map(r => `${r.first}-${r.last}`).join())
  exact(name, have, want)
}

// exact compares bytes or a number.
function exact(name, have, want) { expect(name, have instanceof Uint8Array ? hex(have) : String(have), want) }

const faults = []
const unjudged = {}
const accepted = []
const counts = { accept: 0, reject: 0, judged: 0 }

// areas gives the files of vectors: those of the core and of call, and those of the sub-protocols that have a layout, which have other members.
function areas() {
  const read = (...path) => JSON.parse(readFileSync(join(root, 'testdata', ...path), 'utf8'))
  const list = readdirSync(join(root, 'testdata/vectors')).sort().map(file => ({ must_understand: null, ...read('vectors', file), file }))
  const sync = read('sync/messages.json'), realtime = read('realtime/records.json')
  for (const v of sync.vectors) Object.assign(v, { op: 'sync', error: { req: v.req } })
  for (const v of realtime.records) v.op = 'realtime'
  list.push({ ...sync, file: 'sync', must_understand: [] }, { format: realtime.format, file: 'realtime', must_understand: [], vectors: realtime.records })
  return list
}

for (const { file, ...area } of areas()) {
  if (area.format !== 1 || area.must_understand.length > 0) throw new Error(`${file} is of a form that is not known here`)
  for (const vector of area.vectors) {
    const bytes = Uint8Array.from(Buffer.from(vector.in.replaceAll(' ', ''), 'hex'))
    counts[vector.verdict]++
    let item, fault
    try {
      item = parse(vector.op, bytes)
    } catch (e) {
      fault = e
    }
    if (vector.verdict === 'accept') {
      accepted.push({ id: vector.id, op: vector.op, bytes, value: vector.value })
      try {
        if (fault) throw fault
        compare[vector.op](item, vector.value)
      } catch (e) {
        faults.push(`${vector.id}: ${e.message}`)
      }
    } else if (fault) {
      counts.judged++
      if (fault instanceof TypeError || fault instanceof ReferenceError) faults.push(`${vector.id}: failed for another reason: ${fault.stack}`)
    } else {
      const req = vector.error.req || vector.error.code
      unjudged[req] = (unjudged[req] ?? 0) + 1
      if (process.env.VERBOSE) console.error(`not judged: ${vector.id} (${req}): ${vector.title}`)
    }
  }
}

// Every proper prefix of what is accepted fails, apart from messages of sub-protocols, whose end their piece gives.
let prefixes = 0
for (const { id, op, bytes } of accepted) {
  if (op === 'call' || op === 'sync' || op === 'realtime' || bytes.length > 700) continue
  for (let n = 0; n < bytes.length; n++, prefixes++) {
    try {
      parse(op, bytes.subarray(0, n))
      faults.push(`${id}: its first ${n} of ${bytes.length} bytes parse`)
    } catch (e) {
      if (e instanceof TypeError || e instanceof ReferenceError) faults.push(`${id}: the first ${n} bytes fail for another reason: ${e.stack}`)
    }
  }
}

// What one side sends: an opening, and all frames behind it if it is a HELLO.
const openings = accepted.filter(v => v.op === 'opening'), frames = accepted.filter(v => v.op === 'frame')
for (const { id, bytes, value } of openings) {
  const all = Buffer.concat([bytes, ...frames.map(f => f.bytes)])
  const side = new Handfast(new KaitaiStream(all.buffer.slice(all.byteOffset, all.byteOffset + all.length)))
  const count = side.frames?.length ?? 0, want = value.kind === 'HELLO' ? frames.length : 0
  if (count !== want) faults.push(`${id}: ${count} frames behind it, and there are ${want}`)
}

for (const req of new Set([...Object.keys(unjudged), ...Object.keys(UNJUDGED)])) {
  const have = unjudged[req] ?? 0, want = UNJUDGED[req]?.[0] ?? 0
  if (have !== want) faults.push(`${have} rejected vectors of ${req} parse, and ${want} are expected to`)
}
console.log(`${counts.accept} accepted vectors parse and agree; of ${counts.reject} rejected ones ${counts.judged} fail, and ` +
  `${counts.reject - counts.judged} have faults that Kaitai Struct cannot judge; ${prefixes} prefixes fail`)
if (faults.length > 0) {
  console.error(`${faults.length} faults:\n${faults.slice(0, 40).join('\n')}`)
  process.exit(1)
}
