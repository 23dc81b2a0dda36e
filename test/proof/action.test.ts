import { existsSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { authorizeUrl, callback, createPerson, post } from '../emulator/person.ts'
import { build } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'
import { imskit } from '../kit/program.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'
import { type StateService, startState } from '../kit/state-service.ts'

// an action of Adobe I/O Runtime: containers that come and go, and a State service between them

interface Kept {
  readonly access_token?: { readonly token: string; readonly expiry: number }
  readonly refresh_token?: { readonly token: string; readonly expiry: number }
}

const key = 'ims..ns.pkg.action.contexts.machine'
let state: StateService
let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
  state = await startState()
})
beforeEach(() => {
  state.values.clear()
  state.requests.length = 0
  state.refuse(undefined)
})
afterAll(async () => {
  await state.close()
  await emulator.close()
})

/** A new container: nothing in memory, nothing on its disk. */
function container() {
  const place = newPlace({
    __OW_ACTION_NAME: '/ns/pkg/action',
    __OW_NAMESPACE: '12345-project',
    __OW_API_KEY: 'the-api-key',
    AIO_STATE_ENDPOINT: state.url,
    AIO_CLI_ENV: 'prod',
  })
  return { place, program: imskit({ place, endpoint: emulator.url }) }
}

const kept = (): Kept => JSON.parse(state.values.get(key)?.value ?? '{}')
const machine = () => withoutEndpoint(emulator.contexts.oauth_server_to_server)
const tokenRequests = () => emulator.requests.filter(({ path }) => path.startsWith('/ims/token')).length

async function personTokens(): Promise<Kept> {
  const { client_id, client_secret, scope } = emulator.contexts.oauth
  const url = authorizeUrl(emulator, { client_id, scope, redirect_uri: callback })
  const code = (await createPerson(emulator).visit(url)).url.searchParams.get('code') ?? ''
  const grant = { grant_type: 'authorization_code', code, client_id, client_secret }
  const { body } = await post(`${emulator.url}/ims/token/v3`, grant)
  return {
    access_token: { token: body.access_token, expiry: Date.now() - 1 },
    refresh_token: { token: body.refresh_token, expiry: Date.now() + 86_400_000 },
  }
}

describe('an action', () => {
  test('obtains a token once; the next container finds it in State', async () => {
    const before = tokenRequests()
    const { place, program } = container()
    await program.call('context.set', 'machine', machine())
    const token = await program.call<string>('getToken', 'machine')
    expect(kept().access_token?.token).toBe(token)
    expect(await program.call('context.keys')).toEqual(['machine'])
    const { program: next } = container()
    await next.call('context.set', 'machine', machine())
    expect(await next.call('getToken', 'machine')).toBe(token)
    expect(tokenRequests()).toBe(before + 1)
    expect(existsSync(place.globalFile)).toBe(false)
    expect(readdirSync(place.cwd)).toEqual([])
  })

  test('that sets its context at every run asks neither IMS nor State in a warm container', async () => {
    const { program } = container()
    await program.call('context.set', 'machine', machine())
    const token = await program.call('getToken', 'machine')
    const before = { ims: emulator.requests.length, state: state.requests.length }
    for (let run = 0; run < 3; run++) {
      await program.call('context.set', 'machine', machine())
      expect(await program.call('getToken', 'machine')).toBe(token)
    }
    expect({ ims: emulator.requests.length, state: state.requests.length }).toEqual(before)
  })

  test('uses the refresh token that another container has got meanwhile', async () => {
    const person = withoutEndpoint(emulator.contexts.oauth)
    state.values.set(key, { value: JSON.stringify(await personTokens()), ttl: null })
    const [first, second] = [container().program, container().program]
    for (const program of [first, second]) {
      await program.call('context.set', 'machine', person)
      await program.call('context.get', 'machine')
    }
    const before = tokenRequests()
    const token = await first.call<string>('getToken', 'machine')
    expect(await second.call('getToken', 'machine')).toBe(token)
    expect(tokenRequests()).toBe(before + 1)
    const renewed = await second.call<string>('getToken', 'machine', { force: true })
    expect(await first.call('getToken', 'machine', { force: true })).toBe(renewed)
    expect(kept().access_token?.token).toBe(renewed)
    expect(tokenRequests()).toBe(before + 2)
  })

  test('that invalidates its token leaves none to the next container', async () => {
    const { program } = container()
    await program.call('context.set', 'machine', machine())
    const token = await program.call<string>('getToken', 'machine')
    await program.call('invalidateToken', 'machine')
    expect(state.values.has(key)).toBe(false)
    const { program: next } = container()
    await next.call('context.set', 'machine', machine())
    expect(await next.call('getToken', 'machine')).not.toBe(token)
  })

  test('gets on without State', async () => {
    state.refuse(403)
    const { program } = container()
    await program.call('context.set', 'machine', machine())
    expect(await program.call('getToken', 'machine')).toEqual(expect.any(String))
  })

  test('stores the tokens of a local context in the container only', async () => {
    const { access_token } = await personTokens()
    const given = { ...access_token, expiry: Date.now() + 86_400_000 }
    const { program } = container()
    await program.call('context.set', 'machine', { ...machine(), access_token: given }, true)
    expect(state.values.has(key)).toBe(false)
    await program.call('context.set', 'machine', { ...machine(), access_token: given })
    expect(kept().access_token?.token).toBe(given.token)
  })

  test('asks no user, also at a terminal', async () => {
    const { program } = container()
    await program.call('context.set', 'machine', withoutEndpoint(emulator.contexts.oauth_public))
    await expect(program.call('getToken', 'machine')).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' })
  })

  test('without its variables says which are missing', async () => {
    const place = newPlace({ __OW_ACTION_NAME: '/ns/pkg/action' })
    const program = imskit({ place, endpoint: emulator.url })
    const set = program.call('context.set', 'machine', machine()).then(() => program.call('getToken', 'machine'))
    await expect(set).rejects.toMatchObject({
      code: 'MISSING_ENVIRONMENT_VARIABLE',
      message: expect.stringMatching(/__OW_NAMESPACE.*__OW_API_KEY/),
    })
  })
})
