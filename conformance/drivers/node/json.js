// The JSON form of the vectors (testdata/README.md): integers are decimal texts, bytes are hexadecimal, codes, types and
// flags are names.

import { CODES, codeText } from './errors.js'
import { FLAG, FRAMES } from './frame.js'
import { U16, is } from './schema.js'

/** A MessagePack value. */
export function valueToJson(value) {
  if (typeof value === 'number' || typeof value === 'bigint') return { int: String(value) }
  if (value instanceof Uint8Array) return { bin: hex(value) }
  if (Array.isArray(value)) return value.map(valueToJson)
  if (value instanceof Map) return { map: mapToJson(value, valueToJson) }
  return value
}

export function valueFromJson(json) {
  if (Array.isArray(json)) return json.map(valueFromJson)
  if (json === null || typeof json !== 'object') return json
  if (json.int !== undefined) return exact(json.int)
  if (json.bin !== undefined) return unhex(json.bin)
  return mapFromJson(json.map, valueFromJson)
}

export const mapToJson = (map, convert) => Object.fromEntries([...map].map(([key, value]) => [key, convert(value)]))
const mapFromJson = (json, convert) => new Map(Object.entries(json).map(([key, value]) => [key, convert(value)]))

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const unhex = (text) => Buffer.from(text, 'hex')
const exact = (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text))
const codeFromJson = (text) => CODES[text] ?? Number(text)

function flagsToJson(flags) {
  const names = Object.keys(FLAG).filter((name) => flags & FLAG[name])
  const rest = flags & 0x78
  if (rest !== 0) names.push('0x' + byte(rest))
  return names.join('|') || '0'
}

const flagsFromJson = (text) => text.split('|').reduce((flags, name) => flags | (FLAG[name] ?? Number(name)), 0)
const byte = (n) => n.toString(16).toUpperCase().padStart(2, '0')

/** How a member whose name says its type is converted; all others are integers, texts or bytes. */
const SPECIAL = {
  code: [codeText, codeFromJson],
  vers: [(v) => v.map(String), (j) => j.map(Number)],
  need: [(v) => v, (j) => j],
  caps: [(v) => mapToJson(v, valueToJson), (j) => mapFromJson(j, valueFromJson)],
  limits: [(v) => mapToJson(Object.entries(v), String), (j) => Object.fromEntries(Object.entries(j).map(([k, v]) => [k, Number(v)]))],
  flags: [flagsToJson, flagsFromJson],
  pieces: [(v) => v.map(hex), (j) => j.map(unhex)],
  channel: [(v) => membersToJson(v), (j) => membersFromJson(j)],
  lineage: [(v) => v.map(membersToJson), (j) => j.map((entry) => convert(entry, (name, text) => exact(text)))],
  ranges: [(v) => v.map(membersToJson), (j) => j.map((range) => ({ first: BigInt(range.first), last: BigInt(range.last) }))]
}

const TEXTS = new Set(['kind', 'frame', 'cluster_name', 'sw', 'text', 'proto', 'method', 'name', 'processed', 'state'])
const BYTES = new Set(['node', 'cluster', 'nonce', 'th', 'cb', 'params', 'args', 'data', 'payload', 'id'])

function memberToJson(name, value) {
  if (SPECIAL[name]) return SPECIAL[name][0](value)
  if (value instanceof Uint8Array) return hex(value)
  return typeof value === 'string' ? value : String(value)
}

function memberFromJson(name, json) {
  if (SPECIAL[name]) return SPECIAL[name][1](json)
  if (TEXTS.has(name)) return json
  return BYTES.has(name) ? unhex(json) : exact(json)
}

const convert = (object, member) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, member(name, value)]))
const membersToJson = (object) => convert(object, memberToJson)
const membersFromJson = (object) => convert(object, memberFromJson)

/** A HELLO or REFUSE. */
export function openingToJson({ kind, value }) {
  if (kind === 'REFUSE') return { kind, ...membersToJson(value) }
  const protos = mapToJson(value.protos, (versions) => versions.map(String))
  return { kind, ...membersToJson({ ...value, protos: undefined }), protos }
}

export function openingFromJson({ kind, protos, ...members }) {
  const value = membersFromJson(members)
  if (protos !== undefined) value.protos = mapFromJson(protos, (versions) => versions.map(Number))
  return { kind, value }
}

/** A frame that parseFrame gave. */
export function frameToJson({ frame, ...members }) {
  if (frame === undefined) {
    const { type, flags, reserved, stream, payload } = members
    return { frame: '0x' + byte(type), ...membersToJson({ flags, reserved, stream, payload }) }
  }
  if (FRAMES[frame].scope === 'link') delete members.stream
  if (FRAMES[frame].flags === undefined) delete members.flags
  const { protos, ...rest } = members
  return { frame, ...membersToJson(rest), ...(protos && { protos: mapToJson(onlyVersions(protos), String) }) }
}

/** The entries of protos of READY that can be an agreement: no HELLO lists another value, and READY-008 compares bytes. */
const onlyVersions = (protos) => new Map([...protos].filter(([, version]) => is.uint(U16)(version)))

/** A frame as { frame, value, stream, flags }, or { raw } where its type has no name. */
export function frameFromJson({ frame, protos, ...members }) {
  const { stream = 0, flags = 0, ...value } = membersFromJson(members)
  if (FRAMES[frame] === undefined) return { raw: { type: Number(frame), flags, stream, ...value } }
  if (protos !== undefined) value.protos = mapFromJson(protos, Number)
  return { frame, value, stream, flags }
}

/** A message of call. */
export const messageToJson = membersToJson

export function messageFromJson({ value, ...members }) {
  const message = membersFromJson(members)
  if (value !== undefined) message.value = unhex(value)
  return message
}
