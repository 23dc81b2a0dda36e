import { describe, expect, test, vi } from 'vitest'
import { authorizationCode, type Client, createClient, memoryPlatform } from '../../src/core/index.ts'
import { api, apiClient, clock, emulator, on, refuse401 } from './emulated-api.ts'
import { gate, publicFlow, rejection, serverFlow } from './setting.ts'

describe('headers', () => {
  test('Authorization, x-api-key and x-gw-ims-org-id (S87)', async () => {
    const client = apiClient()
    const { client_id, ims_org_id } = emulator.contexts.oauth_server_to_server
    expect((await client.fetch(`${api.url}/x?a=1`)).status).toBe(200)
    expect(api.seen[0]?.headers).toMatchObject({
      authorization: `Bearer ${await client.getToken()}`,
      'x-api-key': client_id,
      'x-gw-ims-org-id': ims_org_id,
    })
  })

  test('the org id only where it is known', async () => {
    const flow = authorizationCode({ clientId: 'c', scopes: [] })
    const client = createClient({
      flow,
      ...on,
      fetch: async (_, init) => Response.json([...new Headers(init.headers).keys()]),
    })
    const [key] = [`imskit/tokens/${JSON.stringify([emulator.url, flow.id, null, null])}`]
    await on.store.set(key, { accessToken: 'opaque', expiresAt: clock.now() + 3_600_000 })
    expect(await (await client.fetch('https://a.adobe.io/')).json()).toEqual(['authorization', 'x-api-key'])
  })

  test('the caller’s own x-api-key and org stay, its Authorization does not', async () => {
    const headers = {
      authorization: 'Bearer mine',
      'x-api-key': 'my-key',
      'x-gw-ims-org-id': 'my-org',
      accept: 'text/x',
    }
    const client = apiClient()
    await client.fetch(api.url, { headers })
    const token = await client.getToken()
    expect(api.seen[0]?.headers).toMatchObject({ ...headers, authorization: `Bearer ${token}` })
  })

  test('the token goes into the header, never into URL or body (S87)', async () => {
    const client = apiClient()
    await client.fetch(`${api.url}/form`, { method: 'POST', body: new URLSearchParams({ a: '1' }) })
    const token = await client.getToken()
    expect(`${api.seen[0]?.url} ${api.seen[0]?.body}`).not.toContain(token)
  })

  test('the caller’s request is left as it was', async () => {
    const request = new Request(api.url, { headers: { accept: 'text/x' } })
    await apiClient().fetch(request)
    expect([...request.headers.keys()]).toEqual(['accept'])
  })

  test('a fetch of the caller gets the caller’s other options too', async () => {
    const options = { cache: 'no-cache', keepalive: true, dispatcher: 'a proxy' }
    const seen: object[] = []
    const fetch = async (url: string, init: RequestInit) => {
      if (url.startsWith(emulator.url)) return on.fetch(url, init)
      seen.push(init)
      return new Response()
    }
    const client = createClient({ flow: serverFlow(emulator), ...on, fetch })
    await client.fetch('https://x.adobe.io/', options as RequestInit)
    expect(seen).toEqual([expect.objectContaining({ ...options, method: 'GET', body: null })])
  })

  test('goes through the global fetch if the client was created without one', async () => {
    const running = createClient({
      flow: serverFlow(emulator),
      ...memoryPlatform(),
      endpoint: api.url,
      allowedOrigins: [api.url],
    })
    api.answer = () => ({ status: 404 })
    expect(await rejection(running.fetch(api.url))).toMatchObject({ status: 404 })
    const spy = vi
      .spyOn(globalThis, 'fetch')
      .mockImplementation(async (input) =>
        String(input).includes('/ims/')
          ? Response.json({ access_token: 'opaque', token_type: 'bearer', expires_in: 3_600 })
          : new Response((input as Request).headers.get('authorization')),
      )
    expect(await (await running.fetch(`${api.url}/thing`)).text()).toBe('Bearer opaque')
    spy.mockRestore()
  })
})

describe('a 401', () => {
  test('gets one more try with a fresh token (S89)', async () => {
    const client = apiClient()
    const old = await client.getToken()
    refuse401(1)
    expect((await client.fetch(api.url)).status).toBe(200)
    const tokens = api.seen.map(({ headers }) => headers.authorization)
    expect(tokens).toEqual([`Bearer ${old}`, `Bearer ${await client.getToken()}`])
    expect(tokens[0]).not.toBe(tokens[1])
    expect(on.fetch.sent).toHaveLength(2)
  })

  test('twice is the answer: two requests, no loop (S89)', async () => {
    refuse401(99)
    const response = await apiClient().fetch(api.url)
    expect([response.status, await response.text()]).toEqual([401, 'status 401'])
    expect(api.seen).toHaveLength(2)
  })

  test('is the answer where IMS has no other token to give', async () => {
    refuse401(99)
    const fetch = async (url: string, init: RequestInit) =>
      url.startsWith(emulator.url)
        ? Response.json({ access_token: 'always the same', token_type: 'bearer', expires_in: 86_400 })
        : globalThis.fetch(url, init)
    expect((await apiClient({ fetch }).fetch(api.url)).status).toBe(401)
    expect(api.seen).toHaveLength(1)
  })

  test('of many at once costs one renewal', async () => {
    const client = apiClient()
    const old = `Bearer ${await client.getToken()}`
    api.answer = ({ headers }) => ({ status: headers.authorization === old ? 401 : 200 })
    const responses = await Promise.all(Array.from({ length: 5 }, () => client.fetch(api.url)))
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(api.seen).toHaveLength(10)
    expect(on.fetch.sent).toHaveLength(2)
  })

  test('is the answer if only a login could bring another token', async () => {
    const flow = publicFlow(emulator)
    const client = apiClient({ flow })
    const key = `imskit/tokens/${JSON.stringify([emulator.url, flow.id, null, null])}`
    await on.store.set(key, { accessToken: 'opaque', expiresAt: clock.now() + 3_600_000 })
    refuse401(99)
    const response = await client.fetch(api.url)
    expect([response.status, await response.text()]).toEqual([401, 'status 401'])
    expect(api.seen).toHaveLength(1)
  })

  test.each([400, 503])('is the answer if IMS answers the renewal with %i', async (status) => {
    const client = apiClient()
    await client.getToken()
    refuse401(99)
    emulator.fault({ path: '/ims/token', status, times: 1 })
    const response = await client.fetch(api.url)
    expect([response.status, await response.text(), api.seen.length]).toEqual([401, 'status 401', 1])
  })

  test('an abort during the renewal rejects with the caller’s reason', async () => {
    const client = apiClient()
    await client.getToken()
    refuse401(99)
    const leaving = new AbortController()
    const reason = new Error('mine')
    on.fetch.before = () => {
      leaving.abort(reason)
      return gate().opened
    }
    expect(await rejection(client.fetch(api.url, { signal: leaving.signal }))).toBe(reason)
  })

  const form = () => {
    const data = new FormData()
    data.set('a', 'sent-twice')
    return data
  }
  const bodies: [string, () => BodyInit][] = [
    ['text', () => 'sent-twice'],
    ['a form', () => new URLSearchParams({ a: 'sent-twice' })],
    ['multipart', form],
    ['bytes', () => new TextEncoder().encode('sent-twice')],
    ['a blob', () => new Blob(['sent-twice'])],
  ]
  for (const lent of [true, false]) {
    test.each(bodies)(
      `sends a body of %s again, ${lent ? 'through a lent fetch' : 'through the global one'}`,
      async (_, body) => {
        const client = lent ? apiClient() : overGlobal()
        refuse401(1)
        expect((await client.fetch(api.url, { method: 'POST', body: body() })).status).toBe(200)
        expect(api.seen.map(({ method }) => method)).toEqual(['POST', 'POST'])
        for (const { body: came } of api.seen) expect(came).toContain('sent-twice')
        expect(api.seen[1]?.headers['content-type']).toBe(api.seen[0]?.headers['content-type'])
      },
    )

    test(`does not send a stream again, ${lent ? 'through a lent fetch' : 'through the global one'}`, async () => {
      const client = lent ? apiClient() : overGlobal()
      refuse401(1)
      const body = new Blob(['streamed']).stream()
      const response = await client.fetch(api.url, { method: 'POST', body, duplex: 'half' } as RequestInit)
      expect([response.status, api.seen.length, api.seen[0]?.body]).toEqual([401, 1, 'streamed'])
    })
  }

  /** Without a fetch of its own: the tokens come from the store. */
  function overGlobal(): Client {
    const flow = serverFlow(emulator)
    const { store, lock } = memoryPlatform()
    const key = `imskit/tokens/${JSON.stringify([emulator.url, flow.id, null, null])}`
    let issued = 0
    const get = async () => ({ accessToken: `t${++issued}`, expiresAt: Date.now() + 3_600_000 })
    void store.set(key, null)
    return createClient({ flow, store: { ...store, get }, lock, endpoint: emulator.url, allowedOrigins: [api.url] })
  }

  test('a Request without a body is sent again, one with a body is not', async () => {
    refuse401(1)
    expect((await apiClient().fetch(new Request(api.url))).status).toBe(200)
    api.seen.length = 0
    const response = await apiClient().fetch(new Request(api.url, { method: 'POST', body: 'once' }))
    expect([response.status, api.seen.length]).toEqual([401, 1])
  })
})

test('a 403 and everything else comes back as it is, after one request (S89)', async () => {
  const client = apiClient()
  for (const status of [403, 404, 429, 500, 503]) {
    api.seen.length = 0
    api.answer = () => ({ status, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } })
    const response = await client.fetch(api.url)
    expect([response.status, await response.text(), api.seen.length]).toEqual([status, `status ${status}`, 1])
  }
  expect(on.fetch.sent).toHaveLength(1)
})

test('method, body, and the caller’s abort pass through', async () => {
  const client = apiClient()
  await client.fetch(new URL(`${api.url}/put`), {
    method: 'PUT',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  })
  expect(api.seen[0]).toMatchObject({ method: 'PUT', url: '/put', body: '{}' })
  expect(api.seen[0]?.headers['content-type']).toBe('application/json')
  const reason = new Error('mine')
  expect(await rejection(client.fetch(api.url, { signal: AbortSignal.abort(reason) }))).toBe(reason)
  expect(api.seen).toHaveLength(1)
})

test('an abort while the token is fetched ends the wait, with the caller’s reason', async () => {
  on.fetch.before = () => gate().opened
  const leaving = new AbortController()
  const reason = new Error('mine')
  const waiting = rejection(apiClient().fetch(api.url, { signal: leaving.signal }))
  leaving.abort(reason)
  expect(await waiting).toBe(reason)
  expect(api.seen).toHaveLength(0)
})
