import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as core from '../../src/core/index.ts'
import {
  type ContextStore,
  type CreateImsOptions,
  createIms,
  getTokenData,
  type ImsEvent,
  type Json,
  memoryPlatform,
  memoryStore,
  type Redirect,
  type StoredToken,
  storedContexts,
  UnavailableError,
} from '../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { fakeClock } from '../../src/testing/index.ts'
import { failureOf, unsignedToken } from './scripted-server.ts'

const day = 86_400_000
let emulator: Emulator
let from = 0
beforeAll(async () => {
  emulator = await createEmulator({ autoLogin: 'user@example.com' })
})
beforeEach(() => {
  from = emulator.requests.length
})

const requests = () => emulator.requests.slice(from)
const tokenRequests = () => requests().filter(({ path }) => path.startsWith('/ims/token') || path.includes('exchange'))
const imsOver = (options: Partial<CreateImsOptions> = {}) =>
  createIms({ ...memoryPlatform(), fetch: emulator.fetch, retry: { retries: 0 }, ...options })
const machine = () => structuredClone(emulator.contexts.oauth_server_to_server)
const stored = (data: unknown, label: 'access_token' | 'refresh_token') =>
  (data as Record<string, StoredToken | undefined> | undefined)?.[label]

/** A person who signs in at once; remembers where they were sent. */
function person(): { redirect: Redirect; visits: URL[] } {
  const visits: URL[] = []
  const redirect: Redirect = {
    prepare: async () => ({
      redirectUri: 'http://127.0.0.1:5555/callback',
      async navigate(url) {
        visits.push(url)
        const answer = await emulator.fetch(url)
        return new URL(answer.headers.get('location') ?? '')
      },
      close() {},
    }),
  }
  return { redirect, visits }
}

describe('the entry', () => {
  it('exports the familiar surface, the errors, and itself as default', () => {
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

  it('have a current one, which stands where no name is given', async () => {
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

  it('belong to nobody else: what the caller does to its object afterwards changes nothing', async () => {
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

  it('show no secret when they are printed, and have it all the same', async () => {
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

  it('of no kind still have the token that was put into them, as long as it lasts and nothing speaks against it', async () => {
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

describe('getToken', () => {
  it('resolves to the access token and keeps it in its context, bound to what it is for', async () => {
    const store = memoryStore()
    const { context, getToken } = imsOver({ store })
    await context.set('x', machine())
    const token = await getToken('x')
    const { data } = await context.get('x')
    expect(data).toEqual({
      ...machine(),
      access_token: {
        token,
        expiry: expect.any(Number),
        obtained_at: expect.any(Number),
        for: expect.stringContaining(machine().client_id),
      },
    })
    const expiry = stored(data, 'access_token')?.expiry ?? 0
    expect(Math.abs(expiry - Date.now() - day)).toBeLessThan(10_000)
    expect(await context.keys()).toEqual(['x'])
    // another process over the same store
    expect(await imsOver({ store }).getToken('x')).toBe(token)
    expect(tokenRequests()).toHaveLength(1)
  })

  it.each(['jwt', 'oauth_server_to_server'] as const)('of a %s context needs nobody', async (kind) => {
    const { context, getToken } = imsOver()
    await context.set('x', emulator.contexts[kind])
    expect(getTokenData(await getToken('x'))).toMatchObject({ client_id: emulator.contexts[kind].client_id })
  })

  it('of a context that nobody set is CONTEXT_NOT_CONFIGURED', async () => {
    const { context, getToken, invalidateToken } = imsOver()
    for (const work of [getToken('none'), invalidateToken('none')]) {
      expect(await failureOf(work)).toMatchObject({
        name: 'ConfigurationError',
        code: 'CONTEXT_NOT_CONFIGURED',
        message: expect.stringContaining("'none'"),
      })
    }
    await context.setCurrent('gone')
    expect(await failureOf(getToken())).toMatchObject({ code: 'CONTEXT_NOT_CONFIGURED' })
  })

  it.each([['text'], [5], [['list']], [true]])(
    'of a context whose stored data is %j is CONTEXT_NOT_CONFIGURED',
    async (data) => {
      const store = memoryStore()
      await store.set('ims.contexts.x', data)
      expect(await failureOf(imsOver({ store }).getToken('x'))).toMatchObject({ code: 'CONTEXT_NOT_CONFIGURED' })
    },
  )

  it('makes one request for 100 concurrent callers, and one for each context', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    await context.set('y', { ...machine(), scopes: ['openid'] })
    const tokens = await Promise.all(Array.from({ length: 100 }, (_, index) => getToken(index % 2 ? 'x' : 'y')))
    expect(new Set(tokens).size).toBe(2)
    expect(tokenRequests()).toHaveLength(2)
    expect(tokens[0]).toBe(tokens[2])
    expect(tokens[0]).not.toBe(tokens[1])
  })

  it('ends for the caller that aborts, with its own reason, and for nobody else', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const control = new AbortController()
    const reason = { mine: true }
    const [left, stayed] = [failureOf(getToken('x', { signal: control.signal })), getToken('x')]
    control.abort(reason)
    expect(await left).toBe(reason)
    expect(await stayed).toBeTypeOf('string')
    expect(await failureOf(getToken('x', { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  it('with force gets another one', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const first = await getToken('x')
    const second = await getToken('x', { force: true })
    expect(second).not.toBe(first)
    expect(await getToken('x')).toBe(second)
  })

  it('takes minValidity, for the client or for one call', async () => {
    const short = await createEmulator({ accessTokenLifetime: 3_600_000 })
    const ims = createIms({ ...memoryPlatform(), fetch: short.fetch, minValidity: 60_000 })
    await ims.context.set('x', short.contexts.oauth_server_to_server)
    const first = await ims.getToken('x')
    expect(await ims.getToken('x', { minValidity: 3_500_000 })).toBe(first)
    expect(await ims.getToken('x', { minValidity: 3_599_999 })).not.toBe(first)
  })

  it('tells what IMS said, without the secret', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', { ...machine(), client_secrets: ['canary-secret'] })
    const error = await failureOf(getToken('x'))
    expect(error).toMatchObject({
      name: 'ImsResponseError',
      code: 'HTTP_ERROR',
      status: 400,
      imsError: 'invalid_client',
    })
    expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain('canary')
  })

  it('of an answer without access_token is IMS_MALFORMED, and stores nothing', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    emulator.fault({ path: '/ims/token', status: 200, body: { token_type: 'bearer', expires_in: 5 } })
    expect(await failureOf(getToken('x'))).toMatchObject({ code: 'IMS_MALFORMED' })
    expect((await context.get('x')).data).toEqual(machine())
  })

  it('that cannot be stored is still a token, and the failure is told', async () => {
    const store = memoryStore()
    const events: ImsEvent[] = []
    const failing = {
      ...store,
      async set(key: string, value: Json) {
        if (JSON.stringify(value).includes('access_token'))
          throw new UnavailableError('STORE_FAILED', 'the disk is full')
        await store.set(key, value)
      },
    }
    const { context, getToken } = imsOver({ store: failing, onEvent: (event) => events.push(event) })
    await context.set('x', machine())
    const token = await getToken('x')
    expect(await getToken('x')).toBe(token)
    expect(events).toContainEqual(expect.objectContaining({ type: 'error', code: 'STORE_FAILED' }))
  })

  it('works with opaque tokens (S86)', async () => {
    const opaque = await createEmulator({ opaqueTokens: true })
    const store = memoryStore()
    const make = () => createIms({ ...memoryPlatform(), store, fetch: opaque.fetch })
    const ims = make()
    await ims.context.set('x', opaque.contexts.oauth_server_to_server)
    const token = await ims.getToken('x')
    expect(token).not.toContain('.')
    expect(await make().getToken('x')).toBe(token)
    await ims.invalidateToken('x')
    expect((await ims.context.get('x')).data).not.toHaveProperty('access_token')
  })
})

describe('options of one call', () => {
  it('are merged over the context for that call, and do not leak into the next', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const plain = await getToken('x')
    const options = Object.freeze({ scopes: Object.freeze(['openid']) })
    const narrow = await getToken('x', options)
    expect(getTokenData(narrow).scope).toBe('openid')
    const after = await getToken('x')
    expect(getTokenData(after).scope).toBe(getTokenData(plain).scope)
    expect(getTokenData(await getToken('x', { scopes: ['openid'] })).scope).toBe('openid')
    expect((await context.get('x')).data).toMatchObject(machine())
  })

  it('do not leak through the store, either', async () => {
    const store = memoryStore()
    const first = imsOver({ store })
    await first.context.set('x', machine())
    await first.getToken('x', { scopes: ['openid'] })
    const token = await imsOver({ store }).getToken('x')
    expect(getTokenData(token).scope).toBe(machine().scopes.join(','))
  })

  it('do not take the place of the tokens of the context', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const plain = await getToken('x')
    await getToken('x', { scopes: ['openid'] })
    expect((await context.get('x')).data?.access_token).toMatchObject({ token: plain })
  })

  it('that mean nothing to the token share it', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const token = await getToken('x')
    expect(await getToken('x', { open: false, bare: true, prompt: 'login', timeout: 5 })).toBe(token)
    expect(await getToken('x', {})).toBe(token)
    expect(tokenRequests()).toHaveLength(1)
  })

  it('can complete a context', async () => {
    const { context, getToken } = imsOver()
    const { client_secrets, ...rest } = machine()
    await context.set('x', { ...rest, client_id: 'none' })
    const { client_id } = machine()
    await expect(getToken('x', { client_secrets, client_id })).resolves.toBeTypeOf('string')
  })

  it.each([null, 'text', 5, true])('that are %j are no options', async (options) => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    await expect(getToken('x', options as never)).resolves.toBeTypeOf('string')
  })

  it('of a wrong type are named', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    expect(await failureOf(getToken('x', { client_id: 5 }))).toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('client_id'),
    })
    expect(tokenRequests()).toEqual([])
  })

  it('of a context with the name of another one’s call do not meet', async () => {
    const ims = imsOver()
    await ims.context.set('x', machine())
    await ims.context.set('x {"scopes":["openid"]}', { ...machine(), scopes: ['AdobeID'] })
    const narrow = await ims.getToken('x', { scopes: ['openid'] })
    const other = await ims.getToken('x {"scopes":["openid"]}')
    expect([narrow, other].map((token) => getTokenData(token).scope)).toEqual(['openid', 'AdobeID'])
  })
})

describe('a token that is in the context', () => {
  const obtain = async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const token = await getToken('x')
    from = emulator.requests.length
    return { token, data: (await context.get('x')).data ?? {} }
  }

  it('of the old library is used', async () => {
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

  it('of the old library is used by a jwt context, whose token names no metascopes', async () => {
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

  it('is still good where the order of scopes or something else was changed', async () => {
    const { data, token } = await obtain()
    const { context, getToken } = imsOver()
    await context.set('x', { ...data, scopes: [...machine().scopes].reverse(), note: 'mine', client_secrets: ['new'] })
    expect(await getToken('x')).toBe(token)
  })

  it('of the old library is not given to another client, scope or environment', async () => {
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

describe('env and endpoint', () => {
  const hosts = async (options: Partial<CreateImsOptions>, data: Record<string, unknown> = {}) => {
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(new URL(url).host)
      return Response.json({ access_token: 'token', expires_in: 86_400 })
    }
    const { context, getToken } = imsOver({ fetch, ...options })
    const { endpoint: _, ...rest } = machine()
    await context.set('x', { ...rest, ...data })
    await getToken('x')
    return asked[0]
  }

  it('come from the context, then the options, then the platform, then prod', async () => {
    const defaults = async () => ({ env: 'stage' })
    expect(await hosts({})).toBe('ims-na1.adobelogin.com')
    expect(await hosts({ defaults })).toBe('ims-na1-stg1.adobelogin.com')
    expect(await hosts({ defaults, env: 'prod' })).toBe('ims-na1.adobelogin.com')
    expect(await hosts({ env: 'prod' }, { env: 'stage' })).toBe('ims-na1-stg1.adobelogin.com')
    expect(await hosts({ endpoint: 'https://a.test' })).toBe('a.test')
    expect(await hosts({ endpoint: 'https://a.test' }, { endpoint: 'https://b.test' })).toBe('b.test')
    expect(await hosts({ defaults: async () => ({ endpoint: 'http://127.0.0.1:9' }) })).toBe('127.0.0.1:9')
    expect(await hosts({}, { env: 'stage', endpoint: 'https://b.test' })).toBe('b.test')
    const elsewhere = async () => ({ endpoint: 'http://127.0.0.1:9' })
    expect(await hosts({ defaults: elsewhere, env: 'prod' }, { env: 'stage' })).toBe('127.0.0.1:9')
  })
})

describe('a context that needs a person', () => {
  const open = () => structuredClone(emulator.contexts.oauth_public)

  it('asks nobody unless told so', async () => {
    const { redirect, visits } = person()
    const { context, getToken } = imsOver({ redirect })
    for (const kind of ['oauth', 'oauth_public'] as const) {
      await context.set('x', emulator.contexts[kind])
      for (const options of [undefined, {}, { interaction: 'none' as const }]) {
        const error = await failureOf(getToken('x', options))
        expect(error).toMatchObject({ name: 'LoginRequiredError', code: 'LOGIN_REQUIRED' })
      }
    }
    expect(visits).toEqual([])
    expect(requests()).toEqual([])
  })

  it('sends them to IMS where the call says login, with what it says about the login', async () => {
    const { redirect, visits } = person()
    const { context, getToken } = imsOver({ redirect })
    await context.set('x', open())
    const options = { interaction: 'login', prompt: 'login', login_hint: 'user@example.com', locale: 'de_DE' } as const
    const token = await getToken('x', options)
    expect(visits).toHaveLength(1)
    expect(Object.fromEntries(visits[0]?.searchParams ?? [])).toMatchObject({
      prompt: 'login',
      login_hint: 'user@example.com',
      locale: 'de_DE',
      response_type: 'code',
      code_challenge_method: 'S256',
    })
    expect(await getToken('x')).toBe(token)
    expect(await getToken('x', { interaction: 'login' })).toBe(token)
    expect(visits).toHaveLength(1)
    const { data } = await context.get('x')
    expect(stored(data, 'access_token')?.token).toBe(token)
    expect(stored(data, 'refresh_token')).toMatchObject({ token: expect.any(String), expiry: expect.any(Number) })
  })

  it('sends them where the platform has that habit, and not where the call says none', async () => {
    const { redirect, visits } = person()
    const { context, getToken } = imsOver({ redirect, interactive: () => true })
    await context.set('x', emulator.contexts.oauth)
    expect(await failureOf(getToken('x', { interaction: 'none' }))).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(visits).toHaveLength(0)
    expect(getTokenData(await getToken('x'))).toMatchObject({ client_id: emulator.contexts.oauth.client_id })
    expect(visits).toHaveLength(1)
  })

  it('is LOGIN_NOT_POSSIBLE where there is nowhere to send them', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', open())
    expect(await failureOf(getToken('x', { interaction: 'login' }))).toMatchObject({ code: 'LOGIN_NOT_POSSIBLE' })
  })

  it('chooses the redirect by the context', async () => {
    const { redirect, visits } = person()
    const chosen: unknown[] = []
    const { context, getToken } = imsOver({
      redirect: (data) => {
        chosen.push(data.timeout)
        return redirect
      },
    })
    await context.set('x', open())
    await getToken('x', { interaction: 'login', timeout: 5 })
    expect(chosen).toEqual([5])
    expect(visits).toHaveLength(1)
  })

  const signedIn = async (options: Partial<CreateImsOptions> = {}) => {
    const { redirect, visits } = person()
    const ims = imsOver({ redirect, interactive: () => true, ...options })
    await ims.context.set('x', open())
    const token = await ims.getToken('x')
    visits.length = 0
    from = emulator.requests.length
    return { ...ims, token, visits }
  }

  it('is refreshed without them, and without a word "undefined"', async () => {
    const { context, getToken, token, visits } = await signedIn()
    const before = stored((await context.get('x')).data, 'refresh_token')?.token
    const next = await getToken('x', { force: true })
    expect(next).not.toBe(token)
    expect(visits).toEqual([])
    expect(tokenRequests()).toHaveLength(1)
    expect(tokenRequests()[0]?.params).toEqual({
      grant_type: 'refresh_token',
      client_id: open().client_id,
      refresh_token: '[redacted]',
    })
    expect(stored((await context.get('x')).data, 'refresh_token')?.token).not.toBe(before)
  })

  it('is asked again only where the refresh token is refused, never by an outage', async () => {
    const { context, getToken, visits } = await signedIn()
    const { data } = await context.get('x')
    await context.set('x', { ...data, access_token: undefined })
    for (const fault of [
      { status: 503 },
      { drop: 'before' as const },
      { status: 429, headers: { 'retry-after': '99' } },
    ]) {
      emulator.fault({ path: '/ims/token', ...fault })
      expect(await failureOf(getToken('x', { interaction: 'login' }))).toMatchObject({ name: 'UnavailableError' })
    }
    expect(visits).toEqual([])
    expect(stored((await context.get('x')).data, 'refresh_token')).toEqual(stored(data, 'refresh_token'))
    emulator.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' } })
    await expect(getToken('x')).resolves.toBeTypeOf('string')
    expect(visits).toHaveLength(1)
  })

  it('of the old library goes on with its refresh token', async () => {
    const { context } = await signedIn()
    const refresh = stored((await context.get('x')).data, 'refresh_token')
    const other = imsOver()
    const { token, expiry } = refresh ?? { token: '', expiry: 0 }
    await other.context.set('x', { ...open(), refresh_token: { token, expiry } })
    expect(getTokenData(await other.getToken('x'))).toMatchObject({ client_id: open().client_id })
    expect(tokenRequests()).toHaveLength(1)
  })
})

it('has the shortcuts to the cli context in its types, and refuses them outside of Node', async () => {
  const { context } = createIms(memoryPlatform())
  for (const work of [context.getCli(), context.setCli({ a: 1 })])
    expect(await failureOf(work)).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('imskit/node') })
})

describe('invalidateToken', () => {
  const signedIn = async () => {
    const { redirect } = person()
    const ims = imsOver({ redirect })
    await ims.context.set('x', emulator.contexts.oauth_public)
    const token = await ims.getToken('x', { interaction: 'login' })
    from = emulator.requests.length
    return { ...ims, token, data: (await ims.context.get('x')).data ?? {} }
  }

  it('ends the access token at IMS, then here, and leaves the refresh token', async () => {
    const { context, getToken, invalidateToken, token, data } = await signedIn()
    const result = await invalidateToken('x')
    expect(requests().map(({ path, params, status }) => ({ path, params, status }))).toEqual([
      {
        path: '/ims/revoke',
        params: {
          token_type_hint: 'access_token',
          token: '[redacted]',
          client_id: emulator.contexts.oauth_public.client_id,
        },
        status: 200,
      },
    ])
    expect(result).toMatchObject({ name: 'x', local: false })
    expect(result.data).not.toHaveProperty('access_token')
    expect((await context.get('x')).data).toEqual(result.data)
    expect(stored(result.data, 'refresh_token')).toEqual(stored(data, 'refresh_token'))
    const next = await getToken('x')
    expect(next).not.toBe(token)
    expect(tokenRequests()[0]?.params.grant_type).toBe('refresh_token')
  })

  it('with force ends the refresh token first, then the access token', async () => {
    const { context, getToken, invalidateToken } = await signedIn()
    await invalidateToken('x', true)
    expect(requests().map(({ params }) => params.token_type_hint)).toEqual(['refresh_token', 'access_token'])
    expect((await context.get('x')).data).toEqual(emulator.contexts.oauth_public)
    expect(await failureOf(getToken('x'))).toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  it('without a name is for the current context', async () => {
    const { context, getToken, invalidateToken } = imsOver()
    await context.set('x', machine())
    await context.setCurrent('x')
    const token = await getToken()
    expect((await invalidateToken()).name).toBe('x')
    expect((await context.get('x')).data).toEqual(machine())
    expect(await context.keys()).toEqual(['x'])
    expect(await getToken()).not.toBe(token)
  })

  it('without anything to invalidate is INVALID_TOKEN, and nothing is sent', async () => {
    const { context, invalidateToken } = imsOver()
    const expired = { token: 'x', expiry: Date.now() - 1 }
    const refresh = { token: 'x', expiry: Date.now() + day }
    await context.set('none', machine())
    await context.set('old', { ...machine(), access_token: expired, refresh_token: expired })
    await context.set('refresh', { ...machine(), refresh_token: refresh })
    for (const work of [
      invalidateToken('none'),
      invalidateToken('none', true),
      invalidateToken('old'),
      invalidateToken('old', true),
      invalidateToken('refresh'),
    ]) {
      expect(await failureOf(work)).toMatchObject({ name: 'TokenError', code: 'INVALID_TOKEN' })
    }
    expect(requests()).toEqual([])
  })

  it('removes them here if IMS cannot be reached or refuses, and says so in the result and in an event', async () => {
    const faults = [{ status: 503 }, { drop: 'before' as const }, { status: 400, body: { error: 'x' } }]
    for (const fault of faults) {
      for (const force of [false, true]) {
        const { data } = await signedIn()
        const told: unknown[] = []
        const again = imsOver({ contexts: storedContextsWith(data), onEvent: (event) => void told.push(event) })
        const releases = ['/ims/revoke', '/ims/invalidate_token'].map((path) =>
          emulator.fault({ path, ...fault, times: 9 }),
        )
        const failed = await failureOf(again.invalidateToken('x', force))
        for (const release of releases) release()
        const left = (await again.context.get('x')).data
        expect(left).not.toHaveProperty('access_token')
        expect(left && 'refresh_token' in left).toBe(!force)
        const { code } = failed as unknown as { code: string }
        expect(told).toContainEqual(expect.objectContaining({ type: 'error', code, during: 'invalidating' }))
      }
    }
  })

  it('ends the other token if one is refused', async () => {
    const { data, token } = await signedIn()
    const { refresh_token } = data as { refresh_token: { token: string } }
    const second = imsOver({
      contexts: storedContextsWith(data),
      async fetch(url, init) {
        const refused = (init.body as URLSearchParams).get('token') === refresh_token.token
        return refused ? new Response(null, { status: 503 }) : emulator.fetch(url, init)
      },
    })
    expect(await failureOf(second.invalidateToken('x', true))).toMatchObject({ code: 'IMS_UNAVAILABLE' })
    expect((await second.context.get('x')).data).not.toHaveProperty('refresh_token')
    expect(await new core.Ims({ endpoint: emulator.url, fetch: emulator.fetch }).validateToken(token)).toMatchObject({
      valid: false,
    })
  })

  it('tells IMS also where the context has no client: the token knows', async () => {
    const { token } = await signedIn()
    const { context, invalidateToken } = imsOver({ endpoint: emulator.url })
    const access_token = { token, expiry: Date.now() + day }
    await context.set('bare', { 'cli.bare-output': false, access_token })
    await invalidateToken('bare')
    expect(requests()).toMatchObject([{ path: '/ims/revoke', status: 200 }])
    expect((await context.get('bare')).data).toEqual({ 'cli.bare-output': false })
  })

  it('asks as the client of the token, where the context was edited meanwhile', async () => {
    const { token } = await signedIn()
    const { context, invalidateToken } = imsOver()
    await context.set('x', { ...machine(), access_token: { token, expiry: Date.now() + day } })
    await invalidateToken('x')
    expect(requests()[0]?.params).toEqual({
      token_type_hint: 'access_token',
      token: '[redacted]',
      client_id: emulator.contexts.oauth_public.client_id,
    })
  })

  it('tries the next secret of a rotation, in whatever form the secrets are', async () => {
    const { context, getToken, invalidateToken } = imsOver()
    for (const client_secrets of [['retired', 'emulator-second-secret'], '["retired","emulator-second-secret"]']) {
      await context.set('x', { ...machine(), client_secrets })
      await getToken('x')
      from = emulator.requests.length
      await invalidateToken('x')
      expect(requests().map(({ status }) => status)).toEqual([400, 200])
    }
  })

  it('says what an opaque token is', async () => {
    const sent: (string | null)[] = []
    const fetch = async (_url: string, init: RequestInit) => {
      sent.push((init.body as URLSearchParams).get('token_type'))
      return new Response('')
    }
    const { context, invalidateToken } = imsOver({ fetch })
    const token = (value: string) => ({ token: value, expiry: Date.now() + day })
    await context.set('x', { ...machine(), access_token: token('opaque-a'), refresh_token: token('opaque-r') })
    await invalidateToken('x', true)
    expect(sent).toEqual(['refresh_token', 'access_token'])
  })

  it('ends what this process remembers, too, for every call with options', async () => {
    const { context, getToken, invalidateToken } = imsOver()
    await context.set('x', machine())
    await context.set('y', machine())
    const [x, y] = [await getToken('x'), await getToken('y')]
    const withOptions = await getToken('x', { note: 1 })
    expect(withOptions).toBe(x)
    await invalidateToken('x')
    expect(await getToken('x', { note: 1 })).not.toBe(x)
    expect(await getToken('y')).toBe(y)
  })

  it('is told to the caller and to the platform', async () => {
    const told: string[] = []
    const { context, getToken, invalidateToken } = imsOver({
      onEvent: (event) => void (event.type === 'request' && told.push(`caller ${event.path}`)),
      observe: (event) => void (event.type === 'request' && told.push(`platform ${event.path}`)),
    })
    await context.set('x', machine())
    await getToken('x')
    told.length = 0
    await invalidateToken('x')
    expect(told.sort()).toEqual(['caller /ims/invalidate_token/v2', 'platform /ims/invalidate_token/v2'])
  })

  it('has removed the token by the time it resolves', async () => {
    const slow = memoryStore()
    let pending = 0
    const store = {
      ...slow,
      async set(...args: Parameters<typeof slow.set>) {
        pending++
        await new Promise((resolve) => setImmediate(resolve))
        await slow.set(...args)
        pending--
      },
    }
    const { context, getToken, invalidateToken } = imsOver({ store })
    await context.set('x', machine())
    await getToken('x')
    await invalidateToken('x')
    expect(pending).toBe(0)
    expect(await slow.get('ims.contexts.x')).toEqual(machine())
  })
})

function storedContextsWith(data: object): ContextStore {
  const store = memoryStore()
  void store.set('ims.contexts.x', structuredClone(data) as Json)
  return storedContexts(store)
}

it('nothing secret is in any event', async () => {
  const events: unknown[] = []
  const { redirect } = person()
  const { context, getToken, invalidateToken } = imsOver({ redirect, onEvent: (event) => events.push(event) })
  await context.set('x', emulator.contexts.oauth)
  await getToken('x', { interaction: 'login' })
  await getToken('x', { force: true })
  await invalidateToken('x', true)
  await context.set('y', emulator.contexts.jwt)
  await getToken('y')
  emulator.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_client', error_description: 'x' } })
  await context.set('z', machine())
  await getToken('z').catch(() => {})
  expect(events.length).toBeGreaterThan(6)
  expect(JSON.stringify(events)).not.toMatch(/eyJ|emulator-\w+-secret|PRIVATE/)
})
