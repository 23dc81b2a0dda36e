import express from 'express'
import { expect, test } from 'vitest'
import { authOf, expressGuard } from '../../../src/bindings/express/index.ts'
import { serve } from '../../worker/to-node/serve.ts'
import { guarded } from '../server-setting.ts'

const resource = 'https://api.example/mcp'

test('lets callers with a token in, and says who they are', async () => {
  const { options, clientId, token, headers } = await guarded()
  const app = express()
  app.use('/api', express.json(), expressGuard(options))
  app.post('/api/me', (req, res) => {
    const { clientId: client, scopes, token: sent } = authOf(req)
    res.json({
      client,
      scopes,
      sent,
      body: req.body,
      own: 'auth' in req,
      shown: JSON.stringify(Reflect.get(req, 'auth')),
    })
  })
  app.get('/open', (_, res) => void res.send('open'))
  const origin = await serve(app)
  const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{"a":1}' }
  const answer = (await (await fetch(`${origin}/api/me`, init)).json()) as Record<string, unknown>
  expect(answer).toMatchObject({
    client: clientId,
    scopes: ['openid', 'AdobeID'],
    sent: token,
    body: { a: 1 },
    own: true,
  })
  expect(String(answer.shown)).not.toContain(token.slice(0, 20))
  expect(await (await fetch(`${origin}/open`)).text()).toBe('open')
})

test('rejects all others as RFC 6750 says', async () => {
  const { options, headers } = await guarded()
  const app = express().get('/', expressGuard(options), (_, res) => void res.send('in'))
  const origin = await serve(app)
  const missing = await fetch(origin)
  expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Bearer /)])
  expect((await fetch(origin, { headers: { authorization: 'Bearer x y' } })).status).toBe(400)
  const narrow = await serve(express().use(expressGuard({ ...options, scopes: ['admin'] })))
  expect((await fetch(narrow, { headers })).status).toBe(403)
})

test('publishes the metadata of the API, also if it is below a path', async () => {
  const { options } = await guarded()
  const guard = expressGuard({ ...options, resource })
  const path = '/.well-known/oauth-protected-resource/mcp'
  for (const app of [express().use(guard), express().use(guard.metadata).use('/mcp', guard)]) {
    const origin = await serve(app)
    expect(await (await fetch(origin + path)).json()).toMatchObject({ resource })
    const { status, headers } = await fetch(`${origin}/mcp`)
    expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringContaining(`.example${path}"`)])
  }
})

test('is refused without a client list, and so is a route that has no guard', () => {
  const badOption = expect.objectContaining({ code: 'BAD_OPTION' })
  for (const options of [undefined, {}, { scopes: ['openid'] }, { allowList: ['a'], nonsense: 1 }])
    expect(() => expressGuard(Object(options))).toThrow(badOption)
  for (const request of [undefined, {}, { auth: {} }, { auth: 'x' }])
    expect(() => authOf(Object(request))).toThrow(badOption)
})
