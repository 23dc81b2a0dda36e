import { describe, expect, it } from 'vitest'
import { endpoints, isLoopback, resolveEndpoint } from '../../../src/core/ims/environment.ts'
import { issuersOf } from '../../../src/core/ims/issuers.ts'
import { serverMetadata } from '../../../src/core/ims/server-metadata.ts'
import { createClient, createIms, Ims, memoryPlatform, refreshToken } from '../../../src/core/index.ts'
import { failureOf } from '../scripted-server.ts'

describe('an environment', () => {
  it('is prod unless another is named', () => {
    expect(resolveEndpoint({})).toBe('https://ims-na1.adobelogin.com')
    expect(resolveEndpoint({ env: 'prod' })).toBe('https://ims-na1.adobelogin.com')
    expect(resolveEndpoint({ env: 'stage' })).toBe('https://ims-na1-stg1.adobelogin.com')
  })

  it.each(['', 'PROD', 'stg1', 'toString', '__proto__', 'constructor'])('%j is not known', (env) => {
    expect(() => resolveEndpoint({ env })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })

  it('gives way to an endpoint', () => {
    expect(resolveEndpoint({ env: 'stage', endpoint: 'https://ims.example.com' })).toBe('https://ims.example.com')
  })

  it('is prod if the first argument of Ims is not known, as in @adobe/aio-lib-ims', () => {
    for (const env of ['foo', '', 'PROD', 'toString', '__proto__', 'constructor', null]) {
      const ims = new Ims(env as string)
      expect(ims.endpoint).toBe(endpoints.prod)
      expect(ims.env).toBe('prod')
    }
    expect(new Ims().endpoint).toBe(endpoints.prod)
    expect(new Ims('stage')).toMatchObject({ env: 'stage', endpoint: endpoints.stage })
    expect(() => new Ims({ env: 'foo' })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })
})

const accepted: [string, string][] = [
  ['https://ims.example.com', 'https://ims.example.com'],
  ['https://ims.example.com/', 'https://ims.example.com'],
  ['https://ims.example.com/proxy//', 'https://ims.example.com/proxy'],
  ['HTTPS://IMS.example.com:443', 'https://ims.example.com'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['http://127.1.2.3', 'http://127.1.2.3'],
  ['http://localhost:9', 'http://localhost:9'],
  ['http://[::1]:9/', 'http://[::1]:9'],
]
const refused: [string, unknown][] = [
  ['plain http', 'http://ims.example.com'],
  ['http to a name that only begins like loopback', 'http://127.0.0.1.evil.test'],
  ['http to a name that only ends like loopback', 'http://evil.localhost.test'],
  ['http with loopback as the user', 'http://127.0.0.1@evil.test'],
  ['http to every interface', 'http://0.0.0.0:80'],
  ['http to a private network', 'http://192.168.1.5'],
  ['another scheme', 'ftp://ims.example.com'],
  ['a file', 'file:///etc/passwd'],
  ['a script', 'javascript:alert(1)'],
  ['no scheme', 'ims.example.com'],
  ['a path', '/ims'],
  ['nothing', ''],
  ['null', null],
  ['a number', 7],
  ['an object', {}],
  ['a user and password', 'https://user:canary@ims.example.com'],
  ['a user', 'https://user@ims.example.com'],
  ['a query', 'https://ims.example.com/?a=b'],
  ['a fragment', 'https://ims.example.com/#a'],
]

describe('an endpoint (S32)', () => {
  it.each(accepted)('%s is accepted', (endpoint, base) => {
    expect(resolveEndpoint({ endpoint })).toBe(base)
    expect(new Ims({ endpoint }).getApiUrl('/ims/keys')).toBe(`${base}/ims/keys`)
  })

  it.each(refused)('that is %s is refused before anything is sent, wherever it is given', async (_what, endpoint) => {
    const bad = expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('endpoint') })
    let sent = 0
    const fetch = async () => {
      sent++
      return new Response()
    }
    const wrong = endpoint as string
    expect(() => new Ims({ endpoint: wrong, fetch })).toThrow(bad)
    const flow = refreshToken({ clientId: 'c', refreshToken: 'r' })
    expect(() => createClient({ flow, endpoint: wrong, ...memoryPlatform(), fetch })).toThrow(bad)
    const ims = createIms({ ...memoryPlatform(), fetch })
    if (endpoint !== null) {
      await ims.context.set('x', { client_id: 'c', scope: 'openid', endpoint })
      expect(await failureOf(ims.getToken('x'))).toEqual(bad)
    }
    await ims.context.set('y', { client_id: 'c', scope: 'openid' })
    if (endpoint !== null) expect(await failureOf(ims.getToken('y', { endpoint }))).toEqual(bad)
    expect(sent).toBe(0)
  })

  it('with a password does not show it in the error', async () => {
    const error = await failureOf(Promise.resolve().then(() => new Ims({ endpoint: 'https://u:canary@x.test' })))
    expect(`${error.message}${error.stack}`).not.toContain('canary')
    const plain = await failureOf(Promise.resolve().then(() => new Ims({ endpoint: 'http://u:canary@x.test' })))
    expect(`${plain.message}${plain.stack}`).not.toContain('canary')
  })
})

it('the accepted issuers are an exact list: the endpoint, with and without /ims (S17)', () => {
  expect(issuersOf(endpoints.prod)).toEqual(['https://ims-na1.adobelogin.com', 'https://ims-na1.adobelogin.com/ims'])
})

it.each([
  ['https://ims-prod06.adobelogin.com', endpoints.prod],
  ['https://ims-eu1.adobelogin.com', endpoints.prod],
  ['https://adobeid-na1.services.adobe.com', endpoints.prod],
  ['https://adobeid-na1-stg1.services.adobe.com', endpoints.stage],
  ['https://ims-prod06-stg1.adobelogin.com', endpoints.stage],
])('%s also has the issuer of its environment', (endpoint, issuer) => {
  expect(issuersOf(endpoint)).toEqual([endpoint, `${endpoint}/ims`, issuer, `${issuer}/ims`])
})

it.each([
  'https://ims.example.com',
  'https://ims-na1-stg2.adobelogin.com',
  'https://adobelogin.com',
  'https://ims-na1.adobelogin.com.evil.test',
  'https://evil.test/.adobelogin.com',
  'https://ims-na1.adobelogin.com:8443',
  'https://ims-na1xadobelogin.com',
  'http://127.0.0.1:1234',
])('%s has no issuer but itself', (endpoint) => {
  expect(issuersOf(endpoint)).toEqual([endpoint, `${endpoint}/ims`])
})

it('the built-in metadata names RS256 and stays at the endpoint', () => {
  const { issuer, id_token_signing_alg_values_supported, ...urls } = serverMetadata('https://ims.example.com')
  expect(issuer).toBe('https://ims.example.com')
  expect(id_token_signing_alg_values_supported).toEqual(['RS256'])
  for (const url of Object.values(urls)) expect(url).toMatch(/^https:\/\/ims\.example\.com\/ims\//)
})

it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])('%s is a loopback host', (hostname) => {
  expect(isLoopback(hostname)).toBe(true)
})

it.each(['', '0.0.0.0', '128.0.0.1', '1127.0.0.1', '127.0.0.1.example', 'localhost.example', 'notlocalhost', '[::2]'])(
  '%j is not a loopback host',
  (hostname) => {
    expect(isLoopback(hostname)).toBe(false)
  },
)
