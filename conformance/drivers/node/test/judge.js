// Judges the codec, with the bug that HANDFAST_BUG names, by the vectors. Exit code 1 where a verdict differs.

import { isDeepStrictEqual } from 'node:util'
import { seed } from '../bugs.js'
import { vectors } from './vectors.js'

if (process.env.HANDFAST_BUG) seed(process.env.HANDFAST_BUG)
const { decode } = await import('../codec.js')

const differs = vectors().some(({ op, bytes, options, verdict, value, error }) => {
  const result = decode(op, [bytes], options)
  if (result.verdict !== verdict) return true
  return verdict === 'accept' ? !isDeepStrictEqual(result.value, value) : result.code !== error.code || result.scope !== error.scope
})
process.exitCode = differs ? 1 : 0
