// What a dialer offers, and what follows from both openings (SPEC.md, chapters 4 to 6).

import { createHash, randomBytes, randomInt } from 'node:crypto'
import { merge } from './capabilities.js'
import { Fault } from './errors.js'
import { completeLimits } from './limits.js'
import { encode } from './msgpack.js'
import { encodeHello, isGrease } from './opening.js'

const WIRE_VERSIONS = [1]
const PROTOS = new Map([['call', [1]]])
const EXPORTER_LABEL = 'EXPORTER-handfast-1'
const PROCESS = { node: randomBytes(16), incarnation: 1, sw: 'handfast-node 0.1' } // a new node for each process, so that incarnation 1 is new

/** A HELLO, and its bytes. `caps` are offered besides those that every peer offers. */
export function makeOffer({ caps = {}, need = [], limits, cluster = Buffer.alloc(16) }, overTls) {
  const hello = {
    vers: shuffle([...WIRE_VERSIONS, greaseVersion()]),
    ...PROCESS,
    cluster,
    need,
    nonce: randomBytes(32),
    caps: new Map([
      ['probe.and', true],
      ['probe.choose', ['red', 'blue']],
      ['probe.intersect', ['one', 'two']],
      ['probe.max', randomInt(1000)],
      ['probe.min', randomInt(1000)],
      [`x.grease.${randomBytes(2).toString('hex')}`, randomInt(1000)],
      ...(overTls ? [['tls.bind', true]] : []),
      ...Object.entries(caps)
    ]),
    protos: PROTOS,
    limits: completeLimits(limits)
  }
  return { hello, bytes: encodeHello(hello) }
}

const greaseVersion = () => 0x0a0a | (randomInt(16) << 12) | (randomInt(16) << 4)
const shuffle = ([a, b]) => (randomInt(2) ? [a, b] : [b, a])

/** What the dialer computes from its own offer and the acceptor's opening: the values of READY. Throws a Fault. */
export function agree(offer, opening) {
  const { hello: mine } = offer
  const theirs = opening.value
  if (theirs.node.equals(mine.node)) throw new Fault('SELF_CONNECT', 'HELLO-018')
  const ver = greatestCommon(mine.vers.filter((version) => !isGrease(version)), theirs.vers)
  if (ver === undefined) throw new Fault('NO_VERSION', 'VER-002')
  const caps = merge(mine.caps, theirs.caps)
  if ([...mine.need, ...theirs.need].some((name) => !caps.has(name))) throw new Fault('NEED_UNMET', 'CAP-013')
  const th = createHash('sha256').update(offer.bytes).update(opening.bytes).digest()
  return { ver, caps, protos: commonProtos(mine.protos, theirs.protos), th }
}

function greatestCommon(mine, theirs) {
  const common = mine.filter((version) => theirs.includes(version))
  return common.length > 0 ? Math.max(...common) : undefined
}

function commonProtos(mine, theirs) {
  const protos = new Map()
  for (const [name, versions] of mine) {
    const version = greatestCommon(versions, theirs.get(name) ?? [])
    if (version !== undefined) protos.set(name, version)
  }
  return protos
}

/** Channel binding for the READY of one side: 'D' or 'A'. Undefined where tls.bind was not selected. */
export function channelBinding(socket, { caps, th }, side) {
  return caps.has('tls.bind') ? socket.exportKeyingMaterial(32, EXPORTER_LABEL, Buffer.concat([th, Buffer.from(side)])) : undefined
}

/** Compares the other side's READY with what was computed here. Throws a Fault. */
export function checkReady(ready, agreed, cb) {
  if (!ready.th.equals(agreed.th)) throw new Fault('DOWNGRADE', 'READY-005')
  if (ready.ver !== agreed.ver) throw new Fault('MISMATCH', 'READY-006')
  if (!encode(ready.caps).equals(encode(agreed.caps))) throw new Fault('MISMATCH', 'READY-007')
  if (!encode(ready.protos).equals(encode(agreed.protos))) throw new Fault('MISMATCH', 'READY-008')
  if (cb !== undefined && !ready.cb?.equals(cb)) throw new Fault('UNAUTHENTICATED', 'READY-015')
}
