import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type ContextStore, createIms, getTokenData, type Json, memoryPlatform } from '../../../src/core/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { failureOf, unsignedToken } from '../scripted-server.ts'
import { emulator, imsOver, machine, requests, tokenRequests } from './contexts-on-emulator.ts'

describe('contexts', () => {
  it('are set, replaced, read, listed and removed', async () => {
    const { context } = imsOver()
    expect(await context.keys()).toEqual([])
    expect(await context.get('x')).toEqual({ name: 'x', data: undefined, local: false })
    await context.set('x', { client_id: 'a', scope: 'openid' })
    await context.set('y', { client_id: 'b' }, true)
    expect(await context.get('x')).toEqual({ name: 'x', data: { client_id: 'a', scope: 'openid' }, local: false })
    await context.set('x', { client_id: 'c' })
    expect((await context.get('x')).data).toEqual({ client_id: 'c' })
    expect((await context.keys()).sort()).toEqual(['x', 'y'])
    await context.set('x', undefined)
    await context.set('y', null)
    expect(await context.keys()).toEqual([])
    expect((await context.get('x')).data).toBeUndefined()
  })

  it('have a current one, which is used if no name is given', async () => {
    const { context, getToken } = imsOver()
    expect(await context.getCurrent()).toBeUndefined()
    expect(await context.get()).toEqual({ name: undefined, data: undefined, local: false })
    for (const none of [undefined, null, '']) {
      expect(await failureOf(context.set(none, {}))).toMatchObject({
        name: 'ConfigurationError',
        code: 'MISSING_CONTEXT_LABEL',
      })
    }
    expect(await failureOf(getToken())).toMatchObject({ code: 'CONTEXT_NOT_CONFIGURED' })
    await context.setCurrent('mine')
    expect(await context.getCurrent()).toBe('mine')
    await context.set(undefined, machine())
    expect((await context.get('mine')).data).toEqual(machine())
    expect(await context.get()).toMatchObject({ name: 'mine', data: machine() })
    expect(await context.get('')).toMatchObject({ name: 'mine' })
    const token = await getToken()
    expect(await getToken('mine')).toBe(token)
    expect(await getToken()).toBe(token)
    expect(tokenRequests()).toHaveLength(1)
  })

  it('can change who is current at any time', async () => {
    const { context, getToken } = imsOver()
    await context.set('one', machine())
    await context.set('two', { ...machine(), scopes: ['openid'] })
    await context.setCurrent('one')
    const one = await getToken()
    expect(await getToken()).toBe(one)
    await context.setCurrent('two')
    const two = await getToken()
    expect(two).not.toBe(one)
    expect(await getToken('two')).toBe(two)
    expect(await getToken('one')).toBe(one)
  })

  it.each([undefined, null, '', 5, {}])('setCurrent(%j) is refused', async (name) => {
    expect(await failureOf(imsOver().context.setCurrent(name as string))).toMatchObject({
      code: 'MISSING_CONTEXT_LABEL',
    })
  })

  it.each([[['array']], ['text'], [5], [true], [() => {}]])('data %j is INVALID_CONTEXT_DATA', async (data) => {
    const { context } = imsOver()
    await context.set('x', { before: 1 })
    expect(await failureOf(context.set('x', data as object))).toMatchObject({
      name: 'ConfigurationError',
      code: 'INVALID_CONTEXT_DATA',
      message: expect.stringContaining("'x'"),
    })
    expect((await context.get('x')).data).toEqual({ before: 1 })
  })

  it('hold plain data only', async () => {
    const { context } = imsOver()
    const error = await failureOf(context.set('x', { client_secret: 'canary', callback: () => 'canary' }))
    expect(error).toMatchObject({ code: 'INVALID_CONTEXT_DATA' })
    expect(inspect(error, { showHidden: true })).not.toContain('canary')
    expect(await context.keys()).toEqual([])
  })

  it('are copies: later changes of the caller to its object do not change them', async () => {
    const { context, getToken } = imsOver()
    const mine = machine()
    const before = structuredClone(mine)
    await context.set('x', mine)
    mine.scopes.push('changed')
    expect((await context.get('x')).data).toEqual(before)
    const got = await context.get('x')
    ;(got.data as unknown as typeof mine).scopes.push('changed')
    expect((await context.get('x')).data).toEqual(before)
    const frozen = Object.freeze({ ...machine(), scopes: Object.freeze(['openid', 'AdobeID', 'openid']) })
    await context.set('x', frozen)
    await getToken('x')
    expect(frozen.scopes).toEqual(['openid', 'AdobeID', 'openid'])
  })

  it('from a store of one’s own are read only', async () => {
    const data = Object.freeze({ ...machine(), scopes: Object.freeze(['openid']) }) as unknown as Json
    const writes: unknown[] = []
    const contexts: ContextStore = {
      read: async () => ({ data, local: true }),
      write: async (...args) => void writes.push(args),
      writeTokens: async (...args) => void writes.push(args),
      names: async () => ['x'],
      current: async () => 'x',
      setCurrent: async () => {},
    }
    const ims = imsOver({ contexts })
    for (let time = 0; time < 2; time++) {
      expect(await ims.context.get('x')).toEqual({ name: 'x', data, local: true })
    }
    await ims.getToken()
    expect(writes).toEqual([['x', { access_token: expect.objectContaining({ token: expect.any(String) }) }]])
  })

  it.each(['a.b', '__proto__', 'constructor', 'toString', 'with space', 'ünï/☃', 'x {"scope":"y"}', '["x"]'])(
    'may be called %j',
    async (name) => {
      const ims = imsOver()
      await ims.context.set(name, machine())
      expect(await ims.context.keys()).toEqual([name])
      const token = await ims.getToken(name)
      expect(await ims.getToken(name)).toBe(token)
      expect((await ims.context.get(name)).name).toBe(name)
      expect(({} as Record<string, unknown>).client_id).toBeUndefined()
    },
  )

  it('have their secrets, but do not show them when they are printed', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', { ...machine(), private_key: 'canary', passphrase: 'canary', client_secret: 'canary' })
    await getToken('x')
    const named = await context.get('x')
    const shown = inspect(named, { depth: 9, showHidden: true })
    expect(shown).not.toMatch(/canary|emulator-first-secret|eyJ/)
    expect(shown).toContain(machine().client_id)
    expect(JSON.stringify(named)).toContain('canary')
    await context.set('y', named.data)
    expect((await context.get('y')).data).toEqual(named.data)
  })

  it('with hostile keys are data like any other (S98)', async () => {
    const { context, getToken } = imsOver()
    const hostile = JSON.parse('{"__proto__":{"polluted":1,"scope":"x"},"constructor":{"prototype":{"polluted":1}}}')
    await context.set('x', Object.assign(Object.create(null), hostile, machine()))
    await expect(getToken('x', { note: 1 })).resolves.toBeTypeOf('string')
    await context.set('x', hostile)
    expect(await failureOf(getToken('x'))).toMatchObject({ code: 'CANNOT_GENERATE_TOKEN' })
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  it('of no kind still provide the token that a user put into them, until it expires, unless its claims name another owner', async () => {
    const clock = fakeClock()
    const { context, getToken } = imsOver({ clock })
    const token = unsignedToken({ client_id: 'x', scope: 'openid' })
    const given = { token, expiry: clock.now() + 3_600_000 }
    await context.set('x', { access_token: given })
    expect(await getToken('x')).toBe(token)
    const refused = { code: 'CANNOT_GENERATE_TOKEN' }
    expect(await failureOf(getToken('x', { force: true }))).toMatchObject(refused)
    expect(await failureOf(getToken('x', { minValidity: 3_600_000 }))).toMatchObject(refused)
    for (const data of [
      { client_id: 'y', access_token: given },
      { access_token: { ...given, for: 'a credential' } },
      { access_token: { ...given, expiry: clock.now() + 600_000 } },
    ]) {
      await context.set('x', data)
      expect(await failureOf(getToken('x'))).toMatchObject(refused)
    }
    expect(requests()).toEqual([])
  })

  it('that are removed while a token is on its way do not come back', async () => {
    const { context, getToken } = imsOver({
      async fetch(url, init) {
        await context.set('x', undefined)
        return emulator.fetch(url, init)
      },
    })
    await context.set('x', machine())
    await getToken('x')
    expect(await context.keys()).toEqual([])
  })
})

describe('context.set', () => {
  it('of another client or scope is another token at once', async () => {
    const { context, getToken } = imsOver()
    const tokens = new Set<string>()
    for (const data of [machine(), { ...machine(), scopes: ['openid'] }, emulator.contexts.jwt, machine()]) {
      await context.set('x', data)
      const token = await getToken('x')
      expect(getTokenData(token).client_id).toBe(data.client_id)
      tokens.add(token)
    }
    expect(tokens.size).toBe(4)
  })

  it('of another env is another request at once', async () => {
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(new URL(url).host)
      return Response.json({ access_token: `token-${asked.length}`, expires_in: 86_400 })
    }
    const { context, getToken } = imsOver({ fetch })
    const { endpoint: _, ...data } = machine()
    for (const env of ['prod', 'stage']) {
      await context.set('x', { ...data, env })
      await getToken('x')
    }
    await context.set('x', data)
    await getToken('x')
    expect(asked).toEqual(['ims-na1.adobelogin.com', 'ims-na1-stg1.adobelogin.com', 'ims-na1.adobelogin.com'])
    await context.set('x', { ...data, env: 'moon' })
    expect(await failureOf(getToken('x'))).toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('moon'),
    })
  })
})

it('has the shortcuts to the cli context in its types, and refuses them outside of Node', async () => {
  const { context } = createIms(memoryPlatform())
  for (const work of [context.getCli(), context.setCli({ a: 1 })])
    expect(await failureOf(work)).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('imskit/node') })
})
