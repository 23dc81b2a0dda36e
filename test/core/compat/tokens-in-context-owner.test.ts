import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getTokenData } from '../../../src/core/index.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'
import { day, emulator, forgetRequests, imsOver, machine, stored, tokenRequests } from './contexts-on-emulator.ts'

describe('a token that is in the context', () => {
  const obtain = async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const token = await getToken('x')
    forgetRequests()
    return { token, data: (await context.get('x')).data ?? {} }
  }

  it('of @adobe/aio-lib-ims is used', async () => {
    const { token } = await obtain()
    const later = Date.now() + day
    for (const expiry of [later, String(later)]) {
      const { context, getToken } = imsOver()
      await context.set('x', { ...machine(), access_token: { token, expiry } })
      expect(await getToken('x')).toBe(token)
    }
    const { context, getToken } = imsOver()
    await context.set('x', { ...machine(), access_token: { token: 'opaque-token', expiry: later } })
    expect(await getToken('x')).toBe('opaque-token')
    expect(tokenRequests()).toEqual([])
  })

  it('of @adobe/aio-lib-ims is used by a jwt context, whose token names no metascopes', async () => {
    const { client_id } = emulator.contexts.jwt
    const token = unsignedToken({ type: 'access_token', client_id, as: 'ims-na1', scope: 'openid,AdobeID' })
    const { context, getToken } = imsOver()
    await context.set('x', { ...emulator.contexts.jwt, access_token: { token, expiry: Date.now() + day } })
    expect(await getToken('x')).toBe(token)
    expect(tokenRequests()).toEqual([])
  })

  it('with ten minutes left or less is not', async () => {
    const { token } = await obtain()
    const clock = fakeClock(Date.now())
    const behind: Promise<unknown>[] = []
    const { context, getToken } = imsOver({ clock, waitUntil: (work) => behind.push(work) })
    await context.set('x', { ...machine(), access_token: { token, expiry: clock.now() + 600_000 } })
    expect(await getToken('x')).not.toBe(token)
    await context.set('y', { ...machine(), access_token: { token, expiry: clock.now() + 600_001 } })
    expect(await getToken('y')).toBe(token)
    await Promise.all(behind)
  })

  it.each([
    'text',
    5,
    null,
    [],
    {},
    { token: '', expiry: 9e15 },
    { token: 5, expiry: 9e15 },
    { token: 'x' },
    { token: 'x', expiry: 'soon' },
    { token: 'x', expiry: null },
    { token: 'x', expiry: Number.POSITIVE_INFINITY },
    { token: 'x', expiry: 9e15, for: 'someone else' },
    { token: 'x', expiry: 9e15, for: null },
  ])('as %j is not', async (access_token) => {
    const { context, getToken } = imsOver()
    await context.set('x', { ...machine(), access_token, refresh_token: access_token })
    const token = await getToken('x')
    expect(getTokenData(token).client_id).toBe(machine().client_id)
    expect(tokenRequests()).toHaveLength(1)
  })

  it('is not given to another client, scope or organization that was set by hand (S99)', async () => {
    const { data, token } = await obtain()
    const changes: Record<string, unknown>[] = [
      { ...emulator.contexts.jwt, scopes: undefined },
      { scopes: ['openid'] },
      { scopes: ['openid', 'AdobeID', 'read_organizations', 'email'] },
    ]
    for (const change of changes) {
      const { context, getToken } = imsOver()
      const edited = Object.fromEntries(
        Object.entries({ ...data, ...change }).filter(([, value]) => value !== undefined),
      )
      await context.set('x', edited)
      expect(await getToken('x')).not.toBe(token)
    }
    expect(tokenRequests()).toHaveLength(changes.length)
    const { context, getToken } = imsOver()
    await context.set('x', { ...data, ims_org_id: 'other@AdobeOrg' })
    expect(await failureOf(getToken('x'))).toMatchObject({ code: 'HTTP_ERROR', imsError: 'access_denied' })
  })

  it('is still used if the order of scopes or something else was changed', async () => {
    const { data, token } = await obtain()
    const { context, getToken } = imsOver()
    await context.set('x', { ...data, scopes: [...machine().scopes].reverse(), note: 'mine', client_secrets: ['new'] })
    expect(await getToken('x')).toBe(token)
  })

  it('of @adobe/aio-lib-ims is not used for another client, scope or environment', async () => {
    const minted = { access_token: 'new-token', token_type: 'bearer', expires_in: 86_400 }
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(new URL(url).host)
      return Response.json(minted)
    }
    const { endpoint: _, ...data } = machine()
    const issued = { type: 'access_token', client_id: data.client_id, as: 'ims-na1', scope: data.scopes.join(',') }
    const tokenFor = async (claims: Record<string, unknown>, env: string) => {
      const { context, getToken } = imsOver({ fetch })
      const token = unsignedToken(claims)
      await context.set('x', { ...data, env, access_token: { token, expiry: Date.now() + day } })
      return (await getToken('x')) === token
    }
    expect(await tokenFor(issued, 'prod')).toBe(true)
    expect(await tokenFor({ ...issued, as: 'ims-na1-stg1' }, 'stage')).toBe(true)
    expect(await tokenFor({ ...issued, scope: 'read_organizations,AdobeID,openid' }, 'prod')).toBe(true)
    expect(asked).toEqual([])
    expect(await tokenFor(issued, 'stage')).toBe(false)
    expect(await tokenFor({ ...issued, as: 'ims-na1-stg1' }, 'prod')).toBe(false)
    expect(await tokenFor({ ...issued, client_id: 'other' }, 'prod')).toBe(false)
    expect(await tokenFor({ ...issued, scope: 'openid' }, 'prod')).toBe(false)
    expect(await tokenFor({ ...issued, scope: 'more,read_organizations,AdobeID,openid' }, 'prod')).toBe(false)
    expect(asked).toEqual([
      'ims-na1-stg1.adobelogin.com',
      'ims-na1.adobelogin.com',
      'ims-na1.adobelogin.com',
      'ims-na1.adobelogin.com',
      'ims-na1.adobelogin.com',
    ])
  })

  it('belongs to one environment and endpoint', async () => {
    const other = await createEmulator({ endpoint: 'https://other.test' })
    const fetch = (url: string, init: RequestInit) =>
      (url.startsWith('https://other.test') ? other : emulator).fetch(url, init)
    const { context, getToken } = imsOver({ fetch })
    await context.set('x', machine())
    const here = await getToken('x')
    const { data } = await context.get('x')
    await context.set('x', { ...data, endpoint: 'https://other.test' })
    const there = await getToken('x')
    expect(there).not.toBe(here)
    expect(await getToken('x')).toBe(there)
  })

  it('never reaches a context with other ids, whatever characters are in them (S99)', async () => {
    const piece = fc.constantFrom('a', 'b', ',', ' ', '"', '[', ']', ':', '-', '.', '\\', '/', 'null', '\u0000')
    const id = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''))
    const owner = fc.record({ client_id: id, ims_org_id: id, scope: fc.constantFrom('a', 'b', 'a,b', 'a b', 'ab') })
    const fetch = async (_url: string, init: RequestInit) => {
      const { client_id, org_id, scope } = Object.fromEntries(init.body as URLSearchParams)
      return Response.json({ access_token: JSON.stringify([client_id, org_id, scope]), expires_in: 86_400 })
    }
    const dataOf = ({ client_id, ims_org_id, scope }: { client_id: string; ims_org_id: string; scope: string }) => ({
      ...machine(),
      client_id,
      ims_org_id,
      scopes: scope,
    })
    const tokenOf = (data: ReturnType<typeof dataOf>) =>
      JSON.stringify([data.client_id, data.ims_org_id, data.scopes.replace(' ', ',')])
    await fc.assert(
      fc.asyncProperty(owner, owner, async (one, two) => {
        const { context, getToken } = imsOver({ fetch })
        await context.set('x', dataOf(one))
        expect(await getToken('x')).toBe(tokenOf(dataOf(one)))
        const kept = stored((await context.get('x')).data, 'access_token')
        await context.set('x', { ...dataOf(two), access_token: kept })
        expect(await getToken('x')).toBe(tokenOf(dataOf(two)))
      }),
      { numRuns: 60 },
    )
  })
})
