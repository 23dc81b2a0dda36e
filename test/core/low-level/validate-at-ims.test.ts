import { describe, expect, it } from 'vitest'
import { ValidationCache } from '../../../src/core/index.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'
import { emulator, ims, imsWith, machineToken, sent, userTokens } from './ims-on-emulator.ts'

describe('validation', () => {
  it('validateToken: the token as a bearer, type and client from it', async () => {
    const token = await machineToken()
    sent.length = 0
    const { client_id } = emulator.contexts.oauth_server_to_server
    await expect(ims.validateToken(token)).resolves.toMatchObject({ valid: true, token: { client_id } })
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/ims/validate_token/v1',
        authorization: `Bearer ${token}`,
        params: { type: 'access_token', client_id },
      },
    ])
  })

  it('validateToken as another client, and for another type', async () => {
    const token = await machineToken()
    const other = emulator.contexts.oauth_public.client_id
    await expect(ims.validateToken(token, other)).resolves.toEqual({ valid: false, reason: 'bad_client_id' })
    const { refresh_token } = await userTokens()
    sent.length = 0
    await expect(ims.validateToken(refresh_token?.token ?? '')).resolves.toMatchObject({ valid: true })
    expect(sent[0]?.params.type).toBe('refresh_token')
  })

  it('validateToken gives the reason of IMS, or its own without asking', async () => {
    const forged = unsignedToken({ type: 'access_token', client_id: emulator.contexts.oauth_public.client_id })
    await expect(ims.validateToken(forged)).resolves.toEqual({ valid: false, reason: 'bad_signature' })
    sent.length = 0
    for (const nonsense of ['nonsense', '', 'a.b.c', 'two words', undefined as unknown as string]) {
      await expect(ims.validateToken(nonsense)).resolves.toEqual({ valid: false, reason: 'bad payload' })
    }
    await expect(ims.validateToken('two words', 'c')).resolves.toEqual({ valid: false, reason: 'bad payload' })
    expect(sent).toEqual([])
  })

  it('an answer without a verdict is an error, not a verdict', async () => {
    const token = await machineToken()
    for (const body of ['<html>', '', '{}', '{"valid":"true"}', '[]', 'null']) {
      emulator.fault({ path: '/ims/validate_token', status: 200, body })
      await expect(ims.validateToken(token)).rejects.toMatchObject({ code: 'IMS_MALFORMED' })
    }
    emulator.fault({ path: '/ims/validate_token', status: 503 })
    await expect(ims.validateToken(token)).rejects.toMatchObject({ code: 'IMS_UNAVAILABLE' })
  })

  it('validateTokenAllowList: no list, no check; an empty one refuses all', async () => {
    const token = await machineToken()
    const { client_id } = emulator.contexts.oauth_server_to_server
    const refused = {
      valid: false,
      reason:
        'Token is not valid, reason: IMS client is not authorized to call this endpoint. Please use a JWT from an IMS client on the allow list.',
    }
    await expect(ims.validateTokenAllowList(token)).resolves.toMatchObject({ valid: true })
    await expect(ims.validateTokenAllowList(token, ['x', client_id])).resolves.toMatchObject({ valid: true })
    await expect(ims.validateTokenAllowList(token, [client_id.slice(1), `${client_id}x`])).resolves.toEqual(refused)
    await expect(ims.validateTokenAllowList(token, [])).resolves.toEqual(refused)
    const forged = unsignedToken({ type: 'access_token', client_id })
    await expect(ims.validateTokenAllowList(forged, [client_id])).resolves.toEqual({
      valid: false,
      reason: 'bad_signature',
    })
    await expect(ims.validateTokenAllowList('nonsense', [''])).resolves.toMatchObject({ valid: false })
  })
})

describe('text that cannot be a token', () => {
  it.each(['garbage', 'a.b.c', '', undefined, null, 5, {}, 'with blank', `${'x'.repeat(40)}.${'y'.repeat(40)}.z`])(
    '%s is invalid without a request, for every client',
    async (token) => {
      const invalid = { valid: false, reason: 'bad payload' }
      for (const clientId of [undefined, 'c']) {
        await expect(ims.validateToken(token as string, clientId)).resolves.toEqual(invalid)
      }
      await expect(ims.validateTokenAllowList(token as string, ['c'])).resolves.toEqual(invalid)
      expect(sent).toEqual([])
    },
  )
})

describe('a refusal of validate_token', () => {
  const token = unsignedToken({ type: 'access_token', client_id: 'c' })
  const refusing = (status: number, body: unknown) =>
    imsWith({ fetch: async () => Response.json(body, { status }), cache: new ValidationCache() })

  it.each([
    [400, 'invalid_token'],
    [401, 'invalid_token'],
    [401, 'unauthorized'],
    [403, 'token_expired'],
  ])('about the token is a verdict: %s %s', async (status, error) => {
    const using = refusing(status, { error })
    for (const _ of ['asked', 'cached'])
      await expect(using.validateToken(token)).resolves.toEqual({ valid: false, reason: error })
    await expect(using.validateTokenAllowList(token, ['c'])).resolves.toEqual({ valid: false, reason: error })
  })

  it.each([
    [400, { error: 'bad_request' }],
    [401, { error: 'invalid_client' }],
    [401, 'a page of a proxy'],
    [403, { error: 'forbidden' }],
  ])('about something else is an error: %s %s', async (status, body) => {
    expect(await failureOf(refusing(status, body).validateToken(token))).toMatchObject({ code: 'HTTP_ERROR', status })
  })
})
