import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  authorizationCode,
  type Client,
  type ClientOptions,
  type ContinuedFlow,
  clientCredentials,
  type clusterExchange,
  createClient,
  type FinishedLogin,
  type Flow,
  type ImsErrorCode,
  type ImsEvent,
  type ImsEventOf,
  isImsError,
  type jwtBearer,
  type Lock,
  type LoginClient,
  type LoginFlow,
  type MachineFlow,
  memoryPlatform,
  type onBehalfOf,
  type Platform,
  type Redirect,
  type refreshToken,
  type SilentFlow,
  type Store,
  type serviceToken,
  type TokenSet,
  type Trip,
} from '../../src/core/index.ts'

// checked by the compiler; what runs here only has to run
const silentFlow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: [] })
const loginFlow = authorizationCode({ clientId: 'c', scopes: ['openid'] })
const platform = memoryPlatform()

describe('flows', () => {
  test('are silent or need a user, and the client follows', () => {
    expectTypeOf<ReturnType<typeof clientCredentials>>().toEqualTypeOf<MachineFlow>()
    expectTypeOf<ReturnType<typeof jwtBearer>>().toEqualTypeOf<MachineFlow>()
    expectTypeOf<ReturnType<typeof refreshToken>>().toEqualTypeOf<ContinuedFlow>()
    expectTypeOf<ReturnType<typeof serviceToken>>().toEqualTypeOf<MachineFlow>()
    expectTypeOf<ReturnType<typeof clusterExchange>>().toEqualTypeOf<MachineFlow>()
    expectTypeOf<ReturnType<typeof onBehalfOf>>().toEqualTypeOf<MachineFlow>()
    expectTypeOf<MachineFlow | ContinuedFlow>().toEqualTypeOf<SilentFlow>()
    expectTypeOf<ReturnType<typeof authorizationCode>>().toEqualTypeOf<LoginFlow>()
    expectTypeOf(createClient({ flow: silentFlow, ...platform })).toEqualTypeOf<Client>()
    expectTypeOf(createClient({ flow: loginFlow, ...platform })).toEqualTypeOf<LoginClient>()
    expectTypeOf(createClient).toBeCallableWith({ flow: silentFlow as Flow, ...platform })
  })

  test('a silent client has no method that asks a user', () => {
    const client = createClient({ flow: silentFlow, ...platform })
    // @ts-expect-error
    expect(client.login).toBeUndefined()
    // @ts-expect-error
    expect(client.logout).toBeUndefined()
    // @ts-expect-error
    expect(client.startLogin).toBeUndefined()
    // @ts-expect-error
    expect(client.finishLogin).toBeUndefined()
  })

  test('want their credentials, and no others', () => {
    // @ts-expect-error clientSecret is missing
    expect(() => clientCredentials({ clientId: 'c', scopes: [] })).toThrow()
    // @ts-expect-error a number is no secret
    expect(() => clientCredentials({ clientId: 'c', clientSecret: 7, scopes: [] })).toThrow()
    // @ts-expect-error scopes are missing
    authorizationCode({ clientId: 'c' })
    // @ts-expect-error a property nobody knows
    expect(() => authorizationCode({ clientId: 'c', scopes: [], secret: 's' })).toThrow(/secret/)
    // @ts-expect-error S256 cannot be turned off
    expect(() => authorizationCode({ clientId: 'c', scopes: [], pkce: false })).toThrow(/pkce/)
    authorizationCode({ clientId: 'c', clientSecret: undefined, scopes: 'openid,AdobeID' })
  })
})

describe('createClient', () => {
  test('wants a platform', () => {
    // @ts-expect-error store and lock are missing
    expect(() => createClient({ flow: silentFlow })).toThrow()
    // @ts-expect-error flow is missing
    expect(() => createClient({ ...platform })).toThrow()
    // @ts-expect-error a property nobody knows
    createClient({ flow: silentFlow, ...platform, enviroment: 'stage' })
    expectTypeOf<Platform>().toExtend<Pick<ClientOptions, 'store' | 'lock'>>()
  })

  test('returns a client with the methods of the contract', () => {
    expectTypeOf<Client['getToken']>().returns.toEqualTypeOf<Promise<string>>()
    expectTypeOf<Client['getTokens']>().returns.toEqualTypeOf<Promise<TokenSet>>()
    expectTypeOf<Client['forget']>().returns.toEqualTypeOf<Promise<void>>()
    expectTypeOf<Client['invalidate']>().returns.toEqualTypeOf<Promise<void>>()
    expectTypeOf<Client['close']>().returns.toEqualTypeOf<void>()
    expectTypeOf<Client['fetch']>().toExtend<(input: string | URL | Request, init?: RequestInit) => Promise<Response>>()
    expectTypeOf<LoginClient['login']>().returns.toEqualTypeOf<Promise<string>>()
    expectTypeOf<LoginClient['startLogin']>().returns.toEqualTypeOf<Promise<URL>>()
    expectTypeOf<LoginClient['finishLogin']>().returns.toEqualTypeOf<Promise<FinishedLogin>>()
    expectTypeOf<LoginClient>().toExtend<Client>()
    const client = createClient({ flow: silentFlow, ...platform })
    const wrong = () => {
      // @ts-expect-error
      client.getToken({ minvalidity: 1 })
      // @ts-expect-error
      client.getToken({ force: 'yes' })
    }
    expect(wrong).toBeTypeOf('function')
  })
})

test('events are distinguished by their type', () => {
  const client = createClient({ flow: silentFlow, ...platform })
  client.on('retry', (event) => expectTypeOf(event.delay).toEqualTypeOf<number>())
  client.on('token', (event) => expectTypeOf(event.source).toEqualTypeOf<'issued' | 'refreshed' | 'adopted'>())
  // @ts-expect-error there is no such event
  client.on('tokens', () => {})
  // @ts-expect-error a token event has no delay
  client.on('token', (event) => event.delay)
  expectTypeOf<ImsEvent['type']>()
    .extract<'request' | 'retry' | 'token' | 'login' | 'logout' | 'lock-wait' | 'error'>()
    .toEqualTypeOf<'request' | 'retry' | 'token' | 'login' | 'logout' | 'lock-wait' | 'error'>()
  expectTypeOf<keyof ImsEventOf<'token'>>().toEqualTypeOf<
    'type' | 'source' | 'expiresAt' | 'scopes' | 'operation' | 'requestId'
  >()
  client.close()
})

test('errors are distinguished by code', () => {
  const classify = (error: unknown): string | number | undefined => {
    if (!isImsError(error)) return undefined
    expectTypeOf(error.code).toEqualTypeOf<ImsErrorCode>()
    if (error.code === 'HTTP_ERROR') expectTypeOf(error.status).toEqualTypeOf<number>()
    if (error.code === 'TIMEOUT') expectTypeOf(error.retryAfter).toEqualTypeOf<number | undefined>()
    // @ts-expect-error not every error has a status
    return error.code === 'NOT_A_CODE' ? error.status : error.code
  }
  expect(classify(new Error('x'))).toBeUndefined()
})

test('an adapter author implements four small things', () => {
  const store: Store = {
    get: async () => undefined,
    set: async (_key, value) => void expectTypeOf(value).not.toBeAny(),
    delete: async () => {},
    keys: async () => [],
  }
  const lock: Lock = (_name, task) => task({ stillHeld: async () => true })
  const trip: Trip = { redirectUri: 'https://app.test/', navigate: async (url) => url, close: () => {} }
  const redirect: Redirect = { prepare: async () => trip }
  expectTypeOf(createClient({ flow: loginFlow, store, lock, redirect })).toEqualTypeOf<LoginClient>()
  // @ts-expect-error keys is missing
  const incomplete: Store = { get: store.get, set: store.set, delete: store.delete }
  expect(incomplete).toBeDefined()
})
