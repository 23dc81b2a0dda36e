import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { readPrivateKey } from '../../../src/core/keys/read-private-key.ts'
import { expectSigns, openssl, opensslBytes, passphrase, plainPassphrase, refusal } from './openssl.ts'

let pkcs8 = ''
let pkcs1 = ''
let publicPem = ''

beforeAll(() => {
  pkcs8 = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048')
  pkcs1 = openssl('rsa -traditional', pkcs8)
  publicPem = openssl('pkey -pubout', pkcs8)
})

describe('unencrypted keys', () => {
  it('reads PKCS#8 and PKCS#1', async () => {
    expect(pkcs8).toContain('BEGIN PRIVATE KEY')
    expect(pkcs1).toContain('BEGIN RSA PRIVATE KEY')
    await expectSigns(await readPrivateKey(pkcs8), publicPem)
    await expectSigns(await readPrivateKey(pkcs1), publicPem)
  })

  it('goes by the bytes where the PEM label says something else', async () => {
    await expectSigns(await readPrivateKey(pkcs1.replaceAll(' RSA PRIVATE', ' PRIVATE')), publicPem)
    await expectSigns(await readPrivateKey(pkcs8.replaceAll(' PRIVATE', ' RSA PRIVATE')), publicPem)
  })

  it('does not mind a passphrase that is not needed', async () => {
    await expectSigns(await readPrivateKey(pkcs8, { passphrase }), publicPem)
    await expectSigns(await readPrivateKey(pkcs1, { passphrase: '' }), publicPem)
  })

  it('reads larger keys and other exponents', async () => {
    const large = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -pkeyopt rsa_keygen_pubexp:3')
    await expectSigns(await readPrivateKey(large), openssl('pkey -pubout', large))
  })

  it('gives a key for RS256 that only signs (S83)', async () => {
    const key = await readPrivateKey(pkcs8)
    expect(key.algorithm).toMatchObject({ name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, hash: { name: 'SHA-256' } })
    expect(key.usages).toEqual(['sign'])
    expect(key.type).toBe('private')
  })
})

describe('PKCS#8 encrypted with PBES2', () => {
  const ciphers = ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc']
  const functions = ['hmacWithSHA1', 'hmacWithSHA256', 'hmacWithSHA384', 'hmacWithSHA512']
  const schemes = ciphers.flatMap((cipher) => functions.map((prf) => `-v2 ${cipher} -v2prf ${prf}`))

  it.each([...schemes, '-iter 100000'])('reads %s', async (scheme) => {
    const encrypted = openssl(`pkcs8 -topk8 ${scheme} -passout pass:${plainPassphrase}`, pkcs8)
    expect(encrypted).toContain('BEGIN ENCRYPTED PRIVATE KEY')
    await expectSigns(await readPrivateKey(encrypted, { passphrase: plainPassphrase }), publicPem)
    const { message } = await refusal(encrypted, { passphrase: `${plainPassphrase}x` })
    expect(message).toMatch(/cannot be decrypted. Check the passphrase/)
  })

  it('takes the passphrase as UTF-8', async () => {
    const encrypted = execFileSync('openssl', ['pkcs8', '-topk8', '-passout', `pass:${passphrase}`], { input: pkcs8 })
    await expectSigns(await readPrivateKey(encrypted.toString(), { passphrase }), publicPem)
  })

  it('reads the base64 of encrypted DER', async () => {
    const der = opensslBytes(`pkcs8 -topk8 -outform DER -passout pass:${plainPassphrase}`, pkcs8)
    const key = await readPrivateKey(der.toString('base64'), { passphrase: plainPassphrase })
    await expectSigns(key, publicPem)
  })

  it('says that a passphrase is needed', async () => {
    const encrypted = openssl(`pkcs8 -topk8 -passout pass:${plainPassphrase}`, pkcs8)
    expect((await refusal(encrypted)).message).toMatch(/encrypted and no passphrase/)
    expect((await refusal(encrypted, { passphrase: '' })).message).toMatch(/encrypted and no passphrase/)
    const number = 1234 as unknown as string
    expect((await refusal(encrypted, { passphrase: number })).message).toMatch(/passphrase is of type number/)
  })

  it('takes a damaged ciphertext for what it may be', async () => {
    const encrypted = openssl(`pkcs8 -topk8 -passout pass:${plainPassphrase}`, pkcs8)
    const lines = encrypted.split('\n')
    lines[10] = (lines[10] ?? '').replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
    const { message } = await refusal(lines.join('\n'), { passphrase: plainPassphrase })
    expect(message).toMatch(/check the passphrase; if it is right, the key is damaged|numbers do not belong together/)
  })
})

describe('encryption that WebCrypto cannot undo', () => {
  const schemes = ['-v1 PBE-SHA1-3DES', '-v2 des3', '-scrypt', '-v2 aes-256-cbc -v2prf hmacWithSHA224']

  it.each(schemes)('says how to convert %s', async (scheme) => {
    const encrypted = openssl(`pkcs8 -topk8 ${scheme} -passout pass:${plainPassphrase}`, pkcs8)
    const { message } = await refusal(encrypted, { passphrase: plainPassphrase })
    expect(message).toContain('openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new-key.pem')
    expect((await refusal(encrypted)).message).toMatch(/no passphrase/)
  })

  it('says how to convert legacy PEM', async () => {
    const legacy = openssl(`rsa -traditional -aes256 -passout pass:${plainPassphrase}`, pkcs8)
    expect(legacy).toContain('DEK-Info')
    const { message } = await refusal(legacy, { passphrase: plainPassphrase })
    expect(message).toContain('openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new-key.pem')
    expect((await refusal(legacy)).message).toMatch(/no passphrase/)
  })

  it('says how to convert what the WebCrypto of this runtime lacks, as Chromium lacks AES-192', async () => {
    const encrypted = openssl(`pkcs8 -topk8 -v2 aes-192-cbc -passout pass:${plainPassphrase}`, pkcs8)
    const importKey = crypto.subtle.importKey.bind(crypto.subtle)
    const lacking = vi.spyOn(crypto.subtle, 'importKey').mockImplementation((...given: unknown[]) => {
      const [, data, algorithm] = given
      const aes192 = algorithm === 'AES-CBC' && (data as ArrayBuffer).byteLength === 24
      if (aes192) return Promise.reject(new DOMException('192-bit AES keys are not supported', 'OperationError'))
      return importKey(...(given as Parameters<typeof importKey>))
    })
    try {
      const { message } = await refusal(encrypted, { passphrase: plainPassphrase })
      expect(message).toContain('openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new-key.pem')
    } finally {
      lacking.mockRestore()
    }
  })

  it('asks readKey first', async () => {
    const encrypted = openssl(`pkcs8 -topk8 -scrypt -passout pass:${plainPassphrase}`, pkcs8)
    const asked: unknown[] = []
    const readKey = async (source: string, secret?: string) => {
      asked.push(secret)
      return openssl(`pkcs8 -passin pass:${secret}`, source)
    }
    await expectSigns(await readPrivateKey(encrypted, { passphrase: plainPassphrase, readKey }), publicPem)
    await expectSigns(
      await readPrivateKey(encrypted.replaceAll('\n', ' '), { passphrase: plainPassphrase, readKey }),
      publicPem,
    )
    expect(asked).toEqual([plainPassphrase, plainPassphrase])
  })

  it('does not pass on what readKey of a platform throws', async () => {
    const encrypted = openssl(`pkcs8 -topk8 -scrypt -passout pass:${plainPassphrase}`, pkcs8)
    const readKey = (source: string) => Promise.reject(new Error(`cannot read ${source}`))
    const { message } = await refusal(encrypted, { passphrase: plainPassphrase, readKey })
    expect(message).toMatch(/readKey of this platform failed/)
  })
})
