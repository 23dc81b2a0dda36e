import { describe, expect, test } from 'vitest'
import { type RequireTokenOptions, requireToken } from '../../../src/adapters/worker/index.ts'
import { startKeyServer } from '../key-server.ts'

const resource = 'https://api.example/mcp'
const address = 'https://api.example/.well-known/oauth-protected-resource/mcp'
const guardOf = (more: Partial<RequireTokenOptions> = {}) =>
  requireToken({ allowList: ['caller'], scopes: ['openid', 'AdobeID'], resource, ...more })
const ask = (guard: ReturnType<typeof guardOf>, url: string, init?: RequestInit) =>
  guard.metadata(new Request(url, init))

describe('the metadata', () => {
  test('names the resource, IMS and the scopes, for scripts of every site', async () => {
    const response = ask(guardOf(), address)
    expect(await response?.json()).toEqual({
      resource,
      authorization_servers: ['https://ims-na1.adobelogin.com'],
      bearer_methods_supported: ['header'],
      scopes_supported: ['openid', 'AdobeID'],
    })
    expect(response?.headers.get('access-control-allow-origin')).toBe('*')
    const preflight = ask(guardOf(), address, { method: 'OPTIONS' })
    expect([preflight?.status, preflight?.headers.get('access-control-allow-headers')]).toEqual([204, '*'])
    expect(ask(guardOf(), address, { method: 'POST' })?.status).toBe(405)
  })

  test.each([
    ['https://api.example', '/.well-known/oauth-protected-resource'],
    ['https://api.example/', '/.well-known/oauth-protected-resource'],
    ['https://api.example/a/b', '/.well-known/oauth-protected-resource/a/b'],
    ['http://localhost:8787/mcp', '/.well-known/oauth-protected-resource/mcp'],
  ])('of %s is at %s, whatever host a proxy forwards to', async (given, path) => {
    const guard = guardOf({ resource: given })
    expect(await ask(guard, `http://10.0.0.1${path}`)?.json()).toMatchObject({ resource: given })
    expect(ask(guard, 'https://api.example/mcp')).toBeUndefined()
    expect(ask(guard, `https://api.example${path}/more`)).toBeUndefined()
  })

  test('names the issuer of the environment, or other servers', async () => {
    const serversOf = async (options: Partial<RequireTokenOptions>) =>
      (await ask(guardOf(options), address)?.json())?.authorization_servers
    expect(await serversOf({ env: 'stage' })).toEqual(['https://ims-na1-stg1.adobelogin.com'])
    expect(await serversOf({ endpoint: 'https://adobeid.services.adobe.com' })).toEqual([
      'https://ims-na1.adobelogin.com',
    ])
    expect(await serversOf({ authorizationServers: ['https://login.example'] })).toEqual(['https://login.example'])
  })

  test('does not exist without resource', () => {
    expect(requireToken({ allowList: ['caller'] }).metadata(new Request(address))).toBeUndefined()
  })
})

test('every rejection says where the metadata is, and a first one which scopes are needed', async () => {
  const ims = await startKeyServer()
  const guard = guardOf({ endpoint: ims.url })
  const challenge = async (authorization?: string) => {
    const request = new Request(resource, { headers: { ...(authorization && { authorization }) } })
    const response = await guard(request)
    return response instanceof Response ? response.headers.get('www-authenticate') : 'accepted'
  }
  const where = `resource_metadata="${address}"`
  expect(await challenge()).toBe(`Bearer realm="api", scope="openid AdobeID", ${where}`)
  expect(await challenge('Bearer a, Bearer b')).toMatch(new RegExp(`error="invalid_request", .*, ${where}$`))
  expect(await challenge('Bearer a.b.c')).toMatch(new RegExp(`error="invalid_token", .*, ${where}$`))
  const narrow = await ims.sign(ims.claims({ client_id: 'caller', scope: 'openid' }))
  expect(await challenge(`Bearer ${narrow}`)).toMatch(new RegExp(`error="insufficient_scope", .*, ${where}$`))
})

test.each([
  [{ resource: '' }],
  [{ resource: '/mcp' }],
  [{ resource: 'http://api.example' }],
  [{ resource: 'https://api.example/mcp?x' }],
  [{ resource: 'https://api.example/mcp#x' }],
  [{ resource: 'https://user:pass@api.example' }],
  [{ resource: 7 }],
  [{ authorizationServers: [] }],
  [{ authorizationServers: 'https://login.example' }],
  [{ authorizationServers: ['login'] }],
  [{ authorizationServers: ['https://login.example'], resource: undefined }],
])('%j is refused', (options) => {
  expect(() => guardOf(Object(options))).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})
