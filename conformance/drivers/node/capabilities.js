// Capabilities: their types, and how two offers become one result (SPEC.md, chapter 6).

import { compareText } from './msgpack.js'
import { is } from './schema.js'

const any = () => true
const names = (v) => is.arrayOf(is.str(), 16)(v) && v.length > 0
const ascending = (v) => v.every((name, i) => i === 0 || compareText(v[i - 1], name) < 0)
const distinct = (v) => new Set(v).size === v.length

const TYPES = {
  true: { isType: is.true, isForm: any },
  uint: { isType: is.uint(), isForm: any },
  set: { isType: names, isForm: ascending },
  list: { isType: names, isForm: distinct }
}

/** The result of two offers, the dialer's first, or undefined where there is none. */
const RULES = {
  AND: () => true,
  MIN: (dialer, acceptor) => (dialer < acceptor ? dialer : acceptor),
  MAX: (dialer, acceptor) => (dialer > acceptor ? dialer : acceptor),
  INTERSECT: (dialer, acceptor) => some(dialer.filter((name) => acceptor.includes(name))),
  CHOOSE: (dialer, acceptor) => some(acceptor.filter((name) => dialer.includes(name)).slice(0, 1))
}

const some = (array) => (array.length > 0 ? array : undefined)

/** Registered capabilities. */
export const CAPABILITIES = {
  'probe.and': { type: TYPES.true, rule: RULES.AND },
  'probe.choose': { type: TYPES.list, rule: RULES.CHOOSE },
  'probe.intersect': { type: TYPES.set, rule: RULES.INTERSECT },
  'probe.max': { type: TYPES.uint, rule: RULES.MAX },
  'probe.min': { type: TYPES.uint, rule: RULES.MIN },
  'tls.bind': { type: TYPES.true, rule: RULES.AND },
  delivery: { type: TYPES.true, rule: RULES.AND },
  'sync.cells': { type: TYPES.uint, rule: RULES.MIN }
}

/** Merges the offers of both HELLOs, as a Map. */
export function merge(dialer, acceptor) {
  const result = new Map()
  for (const [name, { rule }] of Object.entries(CAPABILITIES)) {
    if (!dialer.has(name) || !acceptor.has(name)) continue
    const value = rule(dialer.get(name), acceptor.get(name))
    if (value !== undefined) result.set(name, value)
  }
  return result
}
