// The tables of this implementation against spec/registry.json.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CAPABILITIES } from '../capabilities.js'
import { CODES } from '../errors.js'
import { FRAMES, GREASE } from '../frame.js'
import { LIMITS } from '../limits.js'

const registry = JSON.parse(readFileSync(new URL('../../../../spec/registry.json', import.meta.url)))
const byName = (entries, value) => Object.fromEntries(entries.map((entry) => [entry.name, value(entry)]))

test('error codes', () => assert.deepEqual(CODES, byName(registry.errors, ({ value }) => value)))
test('limits', () => assert.deepEqual(LIMITS, byName(registry.limits, ({ min, default: fallback, max: most }) => ({ min, fallback, most }))))
test('capabilities', () => assert.deepEqual(Object.keys(CAPABILITIES), registry.capabilities.map(({ name }) => name)))
test('grease', () => assert.deepEqual(GREASE, registry.grease.frame_types))
test('frame types', () => {
  const mine = Object.entries(FRAMES).map(([name, { type, scope }]) => [name, type, scope])
  assert.deepEqual(mine, registry.frames.map(({ name, value, scope }) => [name, value, scope]))
})
