import { describe, expect, it } from 'vitest'
import { Ims } from '../../../src/core/index.ts'
import { unsignedToken } from '../scripted-server.ts'

describe('fromToken', () => {
  it.each([
    ['ims-na1', 'prod', 'https://ims-na1.adobelogin.com'],
    ['ims-na1-stg1', 'stage', 'https://ims-na1-stg1.adobelogin.com'],
  ])('%s is %s', async (as, env, endpoint) => {
    const token = unsignedToken({ as })
    const found = await Ims.fromToken(token)
    expect(found.token).toBe(token)
    expect(found.ims).toBeInstanceOf(Ims)
    expect(found.ims).toMatchObject({ env, endpoint })
  })

  it('knows Adobe’s other servers', async () => {
    const { ims: found } = await Ims.fromToken(unsignedToken({ as: 'ims-eu1' }))
    expect(found.endpoint).toBe('https://ims-eu1.adobelogin.com')
  })

  it.each([
    'evil.test/#',
    'ims-na1.evil',
    'evil.test/ims-na1',
    'evil.test#ims-na1',
    'evil.ims-na1',
    'ims-na1.evil.test/',
    'evil.test\\',
    'ims-na1@evil.test/',
    'ims-na1:80@evil.test',
    'ims-na1/../../',
    'ims-na1\n',
    'IMS-NA1',
    'ims-na11',
    '',
    5,
    null,
    undefined,
    ['ims-na1'],
    { toString: 'ims-na1' },
  ])('%j names no IMS', async (as) => {
    await expect(Ims.fromToken(unsignedToken({ as }))).rejects.toMatchObject({ code: 'CANNOT_RESOLVE_ENVIRONMENT' })
  })

  it('refuses text that is not a token', async () => {
    for (const nonsense of ['', 'opaque', undefined as unknown as string]) {
      await expect(Ims.fromToken(nonsense)).rejects.toMatchObject({ code: 'BAD_TOKEN' })
    }
  })
})
