import { createDecipheriv, hkdfSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { decryptText, deriveKey, encryptText } from '../../src/core/encrypt.ts'

const secret = new TextEncoder().encode('a secret with more than 32 characters')
const key = await deriveKey(secret, 'tests')

test('a text is encrypted with AES-256-GCM and the key that Node’s own HKDF derives', async () => {
  const { iv, encrypted } = await encryptText(key, 'Grüße', 'entry')
  const bytes = Buffer.from(encrypted)
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(hkdfSync('sha256', secret, '', 'tests', 32)), iv)
  decipher.setAAD(Buffer.from('entry'))
  decipher.setAuthTag(bytes.subarray(-16))
  expect(decipher.update(bytes.subarray(0, -16)).toString() + decipher.final().toString()).toBe('Grüße')
})

test('a text is decrypted with its key and for its name only', async () => {
  const encrypted = await encryptText(key, 'text', 'entry')
  expect(await decryptText(key, encrypted, 'entry')).toBe('text')
  await expect(decryptText(key, encrypted, 'another entry')).rejects.toThrow()
  await expect(decryptText(await deriveKey(secret, 'another purpose'), encrypted, 'entry')).rejects.toThrow()
})

test('the same text is encrypted differently each time', async () => {
  const [one, other] = [await encryptText(key, 'text', 'entry'), await encryptText(key, 'text', 'entry')]
  expect(one.iv).not.toEqual(other.iv)
  expect(Buffer.from(one.encrypted)).not.toEqual(Buffer.from(other.encrypted))
})

test('the derived key cannot be exported', () => {
  expect(key.extractable).toBe(false)
})
