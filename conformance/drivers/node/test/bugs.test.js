// Every bug of the codec has to be found by a vector, and every edit has to fit the source.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'node:test'
import { BUGS } from '../bugs.js'

const judge = fileURLToPath(new URL('judge.js', import.meta.url))
const run = (bug) => promisify(execFile)(process.execPath, [judge], { env: { ...process.env, HANDFAST_BUG: bug } })

test('names are used once', () => assert.equal(new Set(BUGS.map(({ name }) => name)).size, BUGS.length))

test('every edit fits', () => {
  for (const { name, edits } of BUGS) {
    const sources = new Map()
    for (const [file, from, to] of edits) {
      const source = sources.get(file) ?? readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
      assert.equal(source.split(from).length, 2, `${name}: ${from} in ${file}`)
      sources.set(file, source.replace(from, () => to))
    }
  }
})

test('no bug, no difference', () => run(''))

test('a vector finds every bug of the codec', async () => {
  const waiting = BUGS.filter(({ role }) => role === 'codec')
  const survivors = []
  const worker = async () => {
    for (let bug; (bug = waiting.shift()); ) {
      await run(bug.name).then(() => survivors.push(bug.name), ({ code, stderr }) => {
        if (code !== 1) throw new Error(`${bug.name}: ${stderr}`)
        if (stderr) survivors.push(`${bug.name} crashed: ${stderr}`)
      })
    }
  }
  await Promise.all([worker(), worker()])
  assert.deepEqual(survivors, [])
})
