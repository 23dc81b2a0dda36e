import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readKeyText } from '../../../src/adapters/node/config/read-key.ts'
import { ConfigurationError } from '../../../src/core/errors.ts'
import { type PrivateKeySource, readPrivateKey } from '../../../src/core/keys/read-private-key.ts'
import { openssl, plainPassphrase, shown } from './openssl.ts'

const windowLength = 12
const secrets = new Set<string>()
const sources: string[] = []
let publicKey: CryptoKey

const body = (pem: string) => pem.replace(/-----[^-]+-----|Proc-Type.*|DEK-Info.*|\s/g, '')

function addSecret(text: string): void {
  for (let at = 0; at + windowLength <= text.length; at++) secrets.add(text.slice(at, at + windowLength))
}

beforeAll(async () => {
  const pkcs8 = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048')
  const pkcs1 = openssl('rsa -traditional', pkcs8)
  const encrypted = openssl(`pkcs8 -topk8 -iter 1 -passout pass:${plainPassphrase}`, pkcs8)
  const tripleDes = openssl(`pkcs8 -topk8 -v1 PBE-SHA1-3DES -iter 1 -passout pass:${plainPassphrase}`, pkcs8)
  const legacy = openssl(`rsa -traditional -aes256 -passout pass:${plainPassphrase}`, pkcs8)
  for (const pem of [pkcs8, pkcs1, encrypted, tripleDes, legacy]) {
    addSecret(body(pem))
    const base64 = Buffer.from(pem).toString('base64')
    addSecret(base64)
    sources.push(pem, pem.replaceAll('\n', '\\n'), pem.replaceAll('\n', ' '), body(pem), base64)
    sources.push(JSON.stringify(pem.split('\n')))
  }
  addSecret(plainPassphrase)
  const spki = Buffer.from(body(openssl('pkey -pubout', pkcs8)), 'base64')
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const extractable = { key: Buffer.from(body(pkcs8), 'base64'), usages: ['sign' as const] }
  const key = await crypto.subtle.importKey('pkcs8', extractable.key, algorithm, true, extractable.usages)
  const jwk = JSON.stringify(await crypto.subtle.exportKey('jwk', key))
  addSecret(jwk)
  sources.push(jwk)
  publicKey = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify'])
})

/** Reads `source`: it is the whole key, or refused without a word of it. */
async function check(source: unknown, options: Parameters<typeof readPrivateKey>[1]): Promise<void> {
  let key: CryptoKey
  try {
    key = await readPrivateKey(source as PrivateKeySource, options)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    const text = shown(error)
    for (let at = 0; at + windowLength <= text.length; at++) {
      const window = text.slice(at, at + windowLength)
      if (secrets.has(window)) throw new Error('an error shows a piece of the key or the passphrase')
    }
    return
  }
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, new Uint8Array(8))
  expect(await crypto.subtle.verify('RSASSA-PKCS1-v1_5', publicKey, signature, new Uint8Array(8))).toBe(true)
}

const passphrases = fc.constantFrom(undefined, '', plainPassphrase, `${plainPassphrase}!`)
const options = fc.record({ passphrase: passphrases, readKey: fc.constantFrom(undefined, readKeyText) })
const place = fc.double({ min: 0, max: 1, noNaN: true })
const change = fc.oneof(
  fc.record({ at: place, removed: fc.integer({ min: 0, max: 3 }), added: fc.string({ maxLength: 3, unit: 'binary' }) }),
  fc.record({ at: place, removed: fc.integer({ min: 1, max: 2000 }), added: fc.constant('') }),
  fc.record({ at: place, removed: fc.constant(1), added: fc.constantFrom('A', '/', '\n', ' ', '-', '"', '\\', '\0') }),
)

function damage(text: string, changes: { at: number; removed: number; added: string }[]): string {
  return changes.reduce((result, { at, removed, added }) => {
    const start = Math.floor(at * result.length)
    return result.slice(0, start) + added + result.slice(start + removed)
  }, text)
}

describe('errors', () => {
  it('shows nothing of a damaged key', { timeout: 60_000 }, async () => {
    const index = fc.nat({ max: 30 })
    await fc.assert(
      fc.asyncProperty(index, fc.array(change, { minLength: 1, maxLength: 4 }), options, (which, changes, how) =>
        check(damage(sources[which] ?? '', changes), how),
      ),
      { numRuns: 600 },
    )
  })

  it('shows nothing of a piece of a key that may be taken for a path', { timeout: 60_000 }, async () => {
    const length = fc.integer({ min: 40, max: 1024 })
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 30 }), place, length, options, (which, at, size, how) => {
        const source = sources[which] ?? ''
        const start = Math.floor(at * (source.length - size))
        return check(source.slice(start, start + size), how)
      }),
      { numRuns: 400 },
    )
  })

  it('shows nothing of a passphrase that was given in place of the key', async () => {
    for (const source of [plainPassphrase, `./${plainPassphrase}`, ` ${plainPassphrase}.pem`]) {
      await check(source, { passphrase: plainPassphrase, readKey: readKeyText })
    }
  })

  it('is a ConfigurationError whatever is given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), options, async (value, how) => {
        const error = await readPrivateKey(value as PrivateKeySource, how).catch((reason) => reason)
        expect(error).toBeInstanceOf(ConfigurationError)
      }),
      { numRuns: 300 },
    )
  })

  it('is a ConfigurationError whatever bytes the PEM has', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), options, async (bytes, how) => {
        const pem = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(bytes).toString('base64')}\n-----END PRIVATE KEY-----`
        const error = await readPrivateKey(pem, how).catch((reason) => reason)
        expect(error).toBeInstanceOf(ConfigurationError)
      }),
      { numRuns: 300 },
    )
  })
})
