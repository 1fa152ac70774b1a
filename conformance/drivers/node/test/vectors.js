// The vectors, and the directory they stand in.

import { readFileSync, readdirSync } from 'node:fs'

const directory = new URL('../../../../testdata/vectors/', import.meta.url)
const MEMBERS = new Set([
  'id', 'req', 'title', 'why', 'op', 'turn', 'max_frame', 'before_ready', 'in', 'verdict', 'value', 'noncanonical', 'error',
  'twin', 'notes'
])

/** All vectors, each with `bytes` and the `options` of its parser. Throws where this harness is too old for them. */
export function vectors() {
  return readdirSync(directory).flatMap((file) => {
    const { format, must_understand: needs, vectors } = JSON.parse(readFileSync(new URL(file, directory)))
    if (format !== 1 || needs.length > 0) throw new Error(`${file}: this harness is too old`)
    return vectors.map((vector) => {
      const unknown = Object.keys(vector).find((member) => !MEMBERS.has(member))
      if (unknown) throw new Error(`${vector.id}: unknown member ${unknown}`)
      const options = { turn: vector.turn, maxFrame: vector.max_frame, beforeReady: vector.before_ready }
      return { ...vector, bytes: Buffer.from(vector.in.replaceAll(' ', ''), 'hex'), options }
    })
  })
}
