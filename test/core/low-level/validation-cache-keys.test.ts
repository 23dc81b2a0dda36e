import { describe, expect, it, vi } from 'vitest'
import { Ims, ValidationCache } from '../../../src/core/index.ts'
import { unsignedToken } from '../scripted-server.ts'

const hour = 3_600_000
// a digest of this kind takes no time, and shows what is hashed
const atOnce = (text: string) => text
const alice = unsignedToken({ type: 'access_token', client_id: 'client-of-alice', user_id: 'alice' })

function imsWithCache(cache: ValidationCache) {
  const asked: string[] = []
  const fetch = async (url: string) => {
    asked.push(url)
    return Response.json({ valid: true, token: { user_id: 'alice', client_id: 'client-of-alice' } })
  }
  return { asked, ims: new Ims({ endpoint: 'https://ims.test', cache, fetch }) }
}

describe('the keys of a validation cache', () => {
  it('distinguish an allow list from what it was before the program changed it', async () => {
    const { ims, asked } = imsWithCache(new ValidationCache(hour, 10, 10, atOnce))
    const list = ['client-of-alice']
    const isValid = async () => (await ims.validateTokenAllowList(alice, list)).valid
    for (let round = 0; round < 3; round++) expect(await isValid()).toBe(true)
    list[0] = 'client-of-bob'
    for (let round = 0; round < 3; round++) expect(await isValid()).toBe(false)
    list.push('client-of-alice')
    expect(await isValid()).toBe(true)
    list.pop()
    expect(await isValid()).toBe(false)
    expect(asked).toHaveLength(3)
  })

  it('are the same for equal lists of parameters, and for no others', async () => {
    const cache = new ValidationCache(hour, 1000, 1000, atOnce)
    const lists: unknown[][] = [
      [],
      ['t'],
      ['t', 'a', 'b'],
      ['t', 'b', 'a'],
      ['t', 'as1:b'],
      ['t', ['a', 'b']],
      ['t', ['a'], 'b'],
      ['t', ['a', 1]],
      ['t', ['a', '1']],
      ['t', '["a","b"]'],
      ['t', undefined],
      ['t', 'undefined'],
      ['t', null],
      ['t', { a: 1 }],
      ['t', { a: 2 }],
      [['t']],
      ['["t"]'],
      ['1s1:a:t'],
      ['0:t'],
    ]
    for (const round of [1, 2]) {
      for (const [index, params] of lists.entries()) {
        const validate = vi.fn(async () => ({ status: 200, index }))
        expect(await cache.validateWithCache(validate, ...structuredClone(params as string[]))).toMatchObject({ index })
        expect(validate).toHaveBeenCalledTimes(round === 1 ? 1 : 0)
      }
    }
  })

  it.each([
    ['synchronous', atOnce],
    ['asynchronous', async (text: string) => text],
  ])('take one digest for a cached result, if the digest is %s', async (_kind, digest) => {
    const counted = vi.fn(digest)
    const { ims } = imsWithCache(new ValidationCache(hour, 10, 10, counted))
    await ims.validateToken(alice)
    counted.mockClear()
    for (let round = 0; round < 5; round++) await ims.validateToken(alice)
    expect(counted).toHaveBeenCalledTimes(5)
  })
})
