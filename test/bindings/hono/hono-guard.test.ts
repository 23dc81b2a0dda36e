import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { honoGuard } from '../../../src/bindings/hono/index.ts'
import { guarded } from '../server-setting.ts'

const resource = 'https://api.example/mcp'

test('lets callers with a token in, and says who they are', async () => {
  const { options, clientId, token, headers } = await guarded()
  const app = new Hono()
    .use('/api/*', honoGuard(options))
    // the type of `auth` comes from the guard
    .get('/api/me', (c) => {
      const { auth } = c.var
      return c.json({ client: auth.clientId, scopes: auth.scopes, expiresAt: auth.expiresAt, token: auth.token })
    })
    .get('/open', (c) => c.text('open'))
  const answer = await (await app.request('/api/me', { headers })).json()
  expect(answer).toMatchObject({ client: clientId, scopes: ['openid', 'AdobeID'], token })
  expect(answer.expiresAt).toBeGreaterThan(Date.now())
  expect(await (await app.request('/open')).text()).toBe('open')
})

test('rejects all others as RFC 6750 says, and routes behind it do not run', async () => {
  const { options, headers } = await guarded()
  let ran = 0
  const app = new Hono().get('/', honoGuard(options), (c) => c.json({ ran: ++ran }))
  const missing = await app.request('/')
  expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Bearer /)])
  const forged = { authorization: `${headers.authorization.slice(0, -4)}AAAA` }
  expect((await app.request('/', { headers: forged })).status).toBe(401)
  const other = new Hono().get('/', honoGuard({ ...options, scopes: ['admin'] }), (c) => c.text('in'))
  expect((await other.request('/', { headers })).status).toBe(403)
  expect(ran).toBe(0)
})

test('reads its options from the environment of a Worker at the first request', async () => {
  const { options, clientId, headers } = await guarded()
  let calls = 0
  type Env = { Bindings: { readonly CALLER: string } }
  const guard = honoGuard<Env>((c) => {
    calls++
    return { ...options, allowList: [c.env.CALLER] }
  })
  const app = new Hono<Env>().use(guard).get('/', (c) => c.text(c.var.auth.clientId))
  for (let time = 0; time < 2; time++)
    expect(await (await app.request('/', { headers }, { CALLER: clientId })).text()).toBe(clientId)
  expect(calls).toBe(1)
})

test('publishes the metadata of the API, also if it is below a path', async () => {
  const { options } = await guarded()
  const guard = honoGuard({ ...options, resource })
  const path = '/.well-known/oauth-protected-resource/mcp'
  for (const app of [new Hono().use(guard), new Hono().use(guard.metadata).use('/mcp', guard)]) {
    expect(await (await app.request(path)).json()).toMatchObject({ resource })
    const { status, headers } = await app.request('/mcp')
    expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringContaining(`.example${path}"`)])
  }
  expect((await new Hono().use(guard.metadata).request('/mcp')).status).toBe(404)
})

test('is refused without a client list, and with options that it does not know', async () => {
  for (const options of [undefined, {}, { scopes: ['openid'] }, { allowList: ['a'], nonsense: 1 }])
    expect(() => honoGuard(Object(options))).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  const app = new Hono().use(honoGuard(() => ({}))).onError((error, c) => c.json(error, 500))
  expect(await (await app.request('/')).json()).toMatchObject({ code: 'BAD_OPTION' })
})
