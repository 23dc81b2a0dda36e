import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// Every emulator has three RSA keys of its own, and to find a pair of primes takes longer than most tests. This hands
// out pairs that were found before, each once in a round of many, so that no two emulators of a test share one.

const place = join(process.cwd(), 'node_modules', '.cache', 'imskit-test-keys')
const many = 48
const usual = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, hash: 'SHA-256' } as const
const { subtle } = globalThis.crypto
const generate = subtle.generateKey.bind(subtle) as (
  algorithm: RsaHashedKeyGenParams,
  extractable: boolean,
  usages: readonly KeyUsage[],
) => Promise<CryptoKeyPair>
// each worker of a run begins elsewhere
let next = process.pid

async function readyPair(): Promise<JsonWebKey> {
  const file = join(place, `${next++ % many}.json`)
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    const algorithm = { ...usual, publicExponent: new Uint8Array([1, 0, 1]) }
    const { privateKey } = await generate(algorithm, true, ['sign', 'verify'])
    const pair = await subtle.exportKey('jwk', privateKey)
    mkdirSync(place, { recursive: true })
    const own = `${file}.${process.pid}`
    writeFileSync(own, JSON.stringify(pair))
    renameSync(own, file)
    return pair
  }
}

function isUsual({ name, modulusLength, hash }: RsaHashedKeyGenParams): boolean {
  return name === usual.name && modulusLength === usual.modulusLength && hash === usual.hash
}

async function generateKey(algorithm: RsaHashedKeyGenParams, extractable: boolean, usages: readonly KeyUsage[]) {
  if (!isUsual(algorithm)) return generate(algorithm, extractable, usages)
  const { n = '', e = '', kty = '', ...secret } = await readyPair()
  const of = (jwk: JsonWebKey, lent: boolean, usage: KeyUsage) =>
    subtle.importKey('jwk', jwk, usual, lent, usages.includes(usage) ? [usage] : [])
  const { key_ops: _, ext: __, ...rest } = secret
  return {
    privateKey: await of({ ...rest, n, e, kty }, extractable, 'sign'),
    publicKey: await of({ n, e, kty }, true, 'verify'),
  }
}

Object.defineProperty(subtle, 'generateKey', { value: generateKey, configurable: true, writable: true })
