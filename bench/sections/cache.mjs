import { createHash, hash } from 'node:crypto'
import { Ims, ValidationCache } from 'imskit/node'
import { fakeToken, oldLibrary } from '../fixtures.mjs'
import { median, pairedRounds, ratioRow } from '../measure.mjs'

const count = 10_000
const allowList = ['bench-client']
const originals = Array.from({ length: count }, (_, index) => Buffer.from(fakeToken(`token-${index}`)))

/** A validation that is remembered, 10,000 of them, against a Map behind one SHA-256. */
export default async function cache() {
  const ours = await filled(
    new Ims({ env: 'prod', fetch: sayValid, cache: new ValidationCache(3_600_000, count, count) }),
  )
  const old = await filled(oldIms())
  const candidate = (run) => ({ ops: 500, prepare: newTokens, run })
  const byAllowList = await pairedRounds(
    { ours: candidate(oursAgain(ours)), floor: candidate(floorAgain()), old: candidate(oldAgain(old)) },
    { rounds: 101, warmUp: 20 },
  )
  const byClient = await pairedRounds(
    { ours: candidate(clientAgain(ours)), floor: candidate(floorAgain()) },
    { rounds: 101, warmUp: 20 },
  )
  return [
    hitRow('remembered validateTokenAllowList', byAllowList),
    hitRow('remembered validateToken', byClient),
    await heapRow(),
  ]
}

function hitRow(figure, found) {
  return { ...ratioRow(figure, found), target: 'at most 2 us', met: found.ns.ours <= 2000 }
}

/** Tokens as a server gets them: each a string that nobody has looked at yet. */
function newTokens(ops) {
  next += ops
  return Array.from({ length: ops }, (_, index) => originals[((next + index) * 7) % count].toString('latin1'))
}

let next = 0

async function sayValid() {
  const body = JSON.stringify({ valid: true, token: { id: 'token' } })
  return new Response(body, { headers: { 'content-length': String(body.length) } })
}

function oldIms() {
  const { Ims, ValidationCache } = oldLibrary()
  const ims = new Ims('prod', new ValidationCache(3_600_000, count, count))
  ims._validateToken = async () => ({ status: 200, imsValidation: { valid: true, token: { id: 'token' } } })
  return ims
}

async function filled(ims) {
  for (const token of originals) await ims.validateTokenAllowList(token.toString('latin1'), allowList)
  return ims
}

function oursAgain(ims) {
  return async (_ops, tokens) => {
    const began = process.hrtime.bigint()
    for (const token of tokens) await ims.validateTokenAllowList(token, allowList)
    return Number(process.hrtime.bigint() - began)
  }
}

function clientAgain(ims) {
  let known
  return async (_ops, tokens) => {
    known ??= fillByClient(ims)
    await known
    const began = process.hrtime.bigint()
    for (const token of tokens) await ims.validateToken(token)
    return Number(process.hrtime.bigint() - began)
  }
}

async function fillByClient(ims) {
  for (let index = 0; index < count; index++) await ims.validateToken(originals[index].toString('latin1'))
}

function oldAgain(ims) {
  return async (_ops, tokens) => {
    const began = process.hrtime.bigint()
    for (const token of tokens) await ims.validateTokenAllowList(token, allowList)
    return Number(process.hrtime.bigint() - began)
  }
}

function floorAgain() {
  const digest = hash
    ? (text) => hash('sha256', text, 'base64url')
    : (text) => createHash('sha256').update(text).digest('base64url')
  const known = new Map(originals.map((token) => [digest(token.toString('latin1')), true]))
  const lookUp = async (token) => known.get(digest(token))
  return async (_ops, tokens) => {
    const began = process.hrtime.bigint()
    for (const token of tokens) await lookUp(token)
    return Number(process.hrtime.bigint() - began)
  }
}

async function heapRow() {
  const Old = oldLibrary().ValidationCache
  const ours = await heapPerEntry(() => new ValidationCache(3_600_000, count, count))
  const old = await heapPerEntry(() => new Old(3_600_000, count, count))
  const floor = await heapPerEntry(mapOfDigests)
  return {
    figure: 'heap of a remembered validation, of 10,000',
    ours: `${ours} B`,
    floor: `${floor} B`,
    old: `${old} B`,
    target: 'at most 150 B',
    met: ours <= 150,
  }
}

function mapOfDigests() {
  const known = new Map()
  return {
    validateWithCache: async (validate, token) => {
      const key = createHash('sha256').update(token).digest('base64url').slice(0, 22)
      known.set(key, await validate(token))
    },
  }
}

async function heapPerEntry(create) {
  const result = { status: 200 }
  const validate = async () => result
  const found = []
  for (let round = 0; round < 5; round++) {
    const kept = create()
    const before = await heapUsed()
    for (let index = 0; index < count; index++) await kept.validateWithCache(validate, `token-${index}`)
    found.push((await heapUsed()) - before)
    // still needed: nothing of it may be collected before it is measured
    await kept.validateWithCache(validate, 'token-0')
  }
  return Math.round(median(found) / count)
}

async function heapUsed() {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise(setImmediate)
    gc()
  }
  return process.memoryUsage().heapUsed
}
