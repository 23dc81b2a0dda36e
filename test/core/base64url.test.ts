import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, decodeText, encode } from '../../src/core/base64url.ts'

describe('base64url', () => {
  test('encodes and decodes bytes as Node does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encode(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect([...decode(text)]).toEqual([...bytes])
      }),
    )
  })

  test('decodes text as a strict decoder of UTF-8 does, and keeps a byte order mark', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const outcome = (task: () => string) => {
      try {
        return task()
      } catch {
        return undefined
      }
    }
    const texts = fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text))
    fc.assert(
      fc.property(fc.oneof(texts, fc.uint8Array({ maxLength: 6 })), (bytes) => {
        expect(outcome(() => decodeText(encode(bytes)))).toBe(outcome(() => strict.decode(bytes)))
      }),
    )
    expect(decodeText(Buffer.from('\uFEFF%41 Zoë 日本').toString('base64url'))).toBe('\uFEFF%41 Zoë 日本')
  })

  test.each(['a+b_', 'a/b_', 'a', '*'])('refuses %s', (text) => {
    expect(() => decode(text)).toThrow()
    expect(() => decodeText(text)).toThrow()
  })
})
