import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as core from '../../src/core/index.ts'
import { getTokenData } from '../../src/core/index.ts'
import { emulator, machine } from './compat/contexts-on-emulator.ts'
import { failureOf } from './scripted-server.ts'

describe('the entry', () => {
  it('exports the aio-lib-ims API, the errors, and itself as default', () => {
    const names = [
      'context',
      'getToken',
      'invalidateToken',
      'getTokenData',
      'Ims',
      'ValidationCache',
      'ACCESS_TOKEN',
      'REFRESH_TOKEN',
      'AUTHORIZATION_CODE',
      'CLIENT_CREDENTIALS',
      'CLIENT_ID',
      'CLIENT_SECRET',
      'SCOPE',
      'createIms',
      'createClient',
      'ImsError',
      'ConfigurationError',
      'LoginRequiredError',
      'TokenError',
      'ImsResponseError',
      'UnavailableError',
      'isImsError',
    ]
    expect(Object.keys(core)).toEqual(expect.arrayContaining([...names, 'default']))
    expect(Object.keys(core.default)).toEqual(expect.arrayContaining(names))
    expect(core.default.getToken).toBe(core.getToken)
  })

  it('works as the quickstart says, without a current context and without its objects', async () => {
    const { context, getToken, invalidateToken } = core.default
    const { set, get } = context
    await set('example', machine(), true)
    expect((await get('example')).data).toEqual(machine())
    // the default client of this entry has no fetch of its own
    const original = globalThis.fetch
    globalThis.fetch = ((input: string, init: RequestInit) => emulator.fetch(input, init)) as typeof fetch
    try {
      const token = await getToken('example')
      expect(getTokenData(token)).toMatchObject({ type: 'access_token', client_id: machine().client_id })
      expect(await getToken('example')).toBe(token)
      await invalidateToken('example')
      expect(await failureOf(invalidateToken('example'))).toMatchObject({ code: 'INVALID_TOKEN' })
    } finally {
      globalThis.fetch = original
    }
  })

  it('does nothing when it is imported: in a realm without a runtime, it can be', async () => {
    const { outputFiles } = await build({
      entryPoints: ['src/core/index.ts'],
      bundle: true,
      format: 'iife',
      globalName: 'imskit',
      write: false,
    })
    const seen = runInNewContext(`${outputFiles[0]?.text}; Object.keys(imskit)`, {
      TextEncoder,
      TextDecoder,
      URL,
      navigator: undefined,
    })
    expect(seen).toContain('getToken')
  })
})
