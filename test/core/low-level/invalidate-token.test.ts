import { describe, expect, it, vi } from 'vitest'
import { type Fetch, Ims } from '../../../src/core/index.ts'
import { emulator, ims, machineToken, sent, userTokens } from './ims-on-emulator.ts'

describe('ending tokens', () => {
  it('invalidateToken: v2, the type from the token, no cascade of an access token', async () => {
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    const token = await machineToken()
    sent.length = 0
    await expect(ims.invalidateToken(token, client_id, client_secrets[0])).resolves.toBe('')
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/ims/invalidate_token/v2',
        authorization: undefined,
        params: { token_type: 'access_token', token, client_id, client_secret: client_secrets[0] },
      },
    ])
    await expect(ims.validateToken(token)).resolves.toMatchObject({ valid: false })
  })

  it('invalidateToken takes the client from the token, and a refresh token takes all along', async () => {
    const { client_id } = emulator.contexts.oauth_public
    const { access_token, refresh_token } = await userTokens()
    sent.length = 0
    const token = refresh_token?.token ?? ''
    await ims.invalidateToken(token)
    expect(sent).toMatchObject([{ path: '/ims/revoke' }])
    expect(sent[0]?.params).toEqual({ token_type_hint: 'refresh_token', token, client_id })
    await expect(ims.validateToken(access_token.token)).resolves.toMatchObject({ valid: false })
  })

  it('invalidateToken tries the other endpoint if IMS refuses the first, and reports the second refusal', async () => {
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    const refused = { status: 400, body: { error: 'invalid_request' } }
    const token = await machineToken()
    sent.length = 0
    emulator.fault({ path: '/ims/invalidate_token', ...refused })
    await expect(ims.invalidateToken(token, client_id, client_secrets[0])).resolves.toBe('')
    expect(sent.map(({ path }) => path)).toEqual(['/ims/invalidate_token/v2', '/ims/revoke'])
    expect(sent[1]?.params).toMatchObject({ client_secret: client_secrets[0], token_type_hint: 'access_token' })
    await expect(ims.validateToken(token)).resolves.toMatchObject({ valid: false })
    emulator.fault({ path: '/ims/invalidate_token', ...refused })
    emulator.fault({ path: '/ims/revoke', status: 400, body: { error: 'access_denied' } })
    await expect(ims.invalidateToken(token, client_id, client_secrets[0])).rejects.toMatchObject({
      imsError: 'access_denied',
    })
  })

  it.each(['invalid_token', 'invalid_client'])(
    'invalidateToken: after %s another endpoint is not tried',
    async (error) => {
      sent.length = 0
      emulator.fault({ path: '/ims/invalidate_token', status: 400, body: { error } })
      await expect(ims.invalidateToken('t', 'c', 's')).rejects.toMatchObject({ imsError: error })
      expect(sent).toHaveLength(1)
    },
  )

  it('invalidateToken names the client in a header; a browser app revokes instead', async () => {
    const seen: [string, string | null][] = []
    const fetch: Fetch = async (url, init) => {
      seen.push([new URL(url).pathname, new Headers(init.headers).get('x-ims-clientid')])
      return new Response('', { status: seen.length > 2 ? 400 : 200 })
    }
    const low = new Ims({ endpoint: emulator.url, fetch })
    await low.invalidateToken('t', 'c', 's')
    vi.stubGlobal('location', new URL('https://app.test/'))
    try {
      await low.invalidateToken('t', 'c', 's')
      await expect(low.invalidateToken('t', 'c', 's')).rejects.toMatchObject({ status: 400 })
    } finally {
      vi.unstubAllGlobals()
    }
    expect(seen).toEqual([
      ['/ims/invalidate_token/v2', 'c'],
      ['/ims/revoke', null],
      ['/ims/revoke', null],
    ])
  })

  it('invalidateToken without anyone to ask as sends nothing', async () => {
    await expect(ims.invalidateToken('opaque')).resolves.toBe(true)
    expect(sent).toEqual([])
  })

  it('revokeToken: client secret in the body, an unknown token counts as revoked (S45)', async () => {
    const { client_id, client_secrets } = emulator.contexts.oauth_server_to_server
    const token = await machineToken()
    sent.length = 0
    await ims.revokeToken(token, { clientId: client_id, clientSecret: client_secrets[0] })
    expect(sent[0]).toEqual({
      method: 'POST',
      path: '/ims/revoke',
      authorization: undefined,
      params: { token, client_id, client_secret: client_secrets[0] },
    })
    await expect(ims.validateToken(token)).resolves.toMatchObject({ valid: false })
    await ims.revokeToken('never seen', { clientId: emulator.contexts.oauth_public.client_id })
    expect(sent.at(-1)?.params).not.toHaveProperty('client_secret')
  })

  it('revokeToken rejects if IMS cannot revoke (S45)', async () => {
    const release = emulator.fault({ path: '/ims/revoke', status: 400, body: { error: 'unsupported_token_type' } })
    const work = ims.revokeToken('t', { clientId: 'c' })
    await expect(work).rejects.toMatchObject({ code: 'HTTP_ERROR', imsError: 'unsupported_token_type' })
    release()
  })
})
