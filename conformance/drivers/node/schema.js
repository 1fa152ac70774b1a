// What a map may hold: the tables of keys in SPEC.md and spec/call.md.

/** Checks of one value. Each returns whether the value has the type and size that its name says. */
export const is = {
  map: (v) => v instanceof Map,
  true: (v) => v === true,
  str: (max = Infinity) => (v) => typeof v === 'string' && Buffer.byteLength(v) <= max,
  bin: (size) => (v) => v instanceof Uint8Array && (size === undefined || v.length === size),
  uint: (max = 2n ** 63n - 1n) => (v) => isInt(v) && v >= 0 && v <= max,
  arrayOf: (check, max = Infinity) => (v) => Array.isArray(v) && v.length <= max && v.every(check),
  mapOf: (check) => (v) => v instanceof Map && [...v.values()].every(check)
}

const isInt = (v) => typeof v === 'number' || typeof v === 'bigint'

export const U16 = 0xffff
export const U32 = 0xffffffff

/**
 * The known keys of a map as an object; keys of `schema` that end in ? are optional, all others required. Keys that are
 * not known are ignored. Calls `refuse` where one is missing or of another type.
 */
export function pick(map, schema, refuse) {
  if (!is.map(map)) refuse()
  const object = {}
  for (const [name, check] of Object.entries(schema)) {
    const key = name.replace('?', '')
    const value = map.get(key)
    if (value === undefined && name !== key) continue
    if (value === undefined || !check(value)) refuse(key)
    object[key] = value
  }
  return object
}

/** The reverse of `pick`: a Map of those members of an object that a schema names. */
export function toMap(object, schema) {
  const keys = Object.keys(schema).map((name) => name.replace('?', ''))
  return new Map(keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]))
}
