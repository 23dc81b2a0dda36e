import { beforeAll, describe, expect, it, vi } from 'vitest'
import { readKnownKey } from '../../../src/core/keys/known-keys.ts'
import type { PrivateKeySource, ReadPrivateKeyOptions } from '../../../src/core/keys/read-private-key.ts'
import { expectSigns, openssl, plainPassphrase } from './openssl.ts'

let pem = ''
let other = ''
beforeAll(() => {
  pem = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048')
  other = openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048')
})
const read = (source: PrivateKeySource, options: ReadPrivateKeyOptions = {}) => readKnownKey(source, options)

describe('a key that was read before', () => {
  it('is not imported again, from its text or its lines', async () => {
    const key = await read(pem)
    expect(await read(pem)).toBe(key)
    expect(await read(pem.split('\n'))).toBe(key)
    expect(await read(other)).not.toBe(key)
    await expectSigns(key, openssl('pkey -pubout', pem))
  })

  it('needs its passphrase each time', async () => {
    const encrypted = openssl(`pkcs8 -topk8 -iter 1 -passout pass:${plainPassphrase}`, pem)
    const key = await read(encrypted, { passphrase: plainPassphrase })
    expect(await read(encrypted, { passphrase: plainPassphrase })).toBe(key)
    for (const passphrase of [undefined, '', 'wrong', `${plainPassphrase} `, 5])
      await expect(read(encrypted, { passphrase: passphrase as string })).rejects.toMatchObject({ code: 'INVALID_KEY' })
    const shifted = plainPassphrase + encrypted[0]
    await expect(read(encrypted.slice(1), { passphrase: shifted })).rejects.toMatchObject({ code: 'INVALID_KEY' })
  })

  it.each(['/keys/private.pem', '\n/keys/private.pem\n', '[\n"/keys/private.pem"\n]'])(
    'is read again if it comes from the file of a path: %j',
    async (path) => {
      const files = [pem, other]
      const readKey = vi.fn(async () => files.shift())
      await expectSigns(await read(path, { readKey }), openssl('pkey -pubout', pem))
      await expectSigns(await read(path, { readKey }), openssl('pkey -pubout', other))
    },
  )

  it('is one of a limited number', async () => {
    const first = await read(pem, { passphrase: '0' })
    for (let number = 1; number <= 20; number++) await read(pem, { passphrase: String(number) })
    const again = await read(pem, { passphrase: '0' })
    expect(again).not.toBe(first)
    expect(await read(pem, { passphrase: '0' })).toBe(again)
  })

  it('is distinguished from a text that was refused, which is refused again', async () => {
    const cut = pem.slice(0, -100)
    for (let round = 0; round < 2; round++) await expect(read(cut)).rejects.toMatchObject({ code: 'INVALID_KEY' })
  })
})
