import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { requireToken } from '../../../src/adapters/worker/index.ts'
import { startKeyServer } from '../key-server.ts'

async function known(resource?: string) {
  const ims = await startKeyServer()
  const guard = requireToken({ endpoint: ims.url, anyClient: true, ...(resource && { resource }) })
  const claims = ims.claims({ client_id: 'caller', scope: 'openid,AdobeID', created_at: String(Date.now()) })
  const token = await ims.sign(claims)
  const headers = { authorization: `Bearer ${token}` }
  const info = await guard.authenticate(new Request('https://api.example', { headers }))
  if (info instanceof Response) throw new Error(`rejected with ${info.status}`)
  return { info, token, claims }
}

test('says who the caller is, and until when', async () => {
  const { info, token, claims } = await known()
  expect(info.token).toBe(token)
  expect(info).toEqual({
    clientId: 'caller',
    scopes: ['openid', 'AdobeID'],
    expiresAt: Number(claims.created_at) + Number(claims.expires_in),
    claims,
    extra: claims,
  })
  expect((await known('https://api.example/mcp')).info.resource?.href).toBe('https://api.example/mcp')
})

/** What the SDK of the Model Context Protocol expects in `req.auth`. */
interface OfTheProtocol {
  token: string
  clientId: string
  scopes: string[]
  expiresAt?: number
  resource?: URL
  extra?: Record<string, unknown>
}

test('has the members that the SDK of the Model Context Protocol expects', async () => {
  const { info, token, claims } = await known()
  const expected: OfTheProtocol = info
  expect([expected.token, expected.extra]).toEqual([token, claims])
})

test('does not show the token in logs, copies and JSON', async () => {
  const { info, token } = await known()
  for (const text of [inspect(info, { depth: 9 }), JSON.stringify(info), inspect({ ...info })])
    expect(text).not.toContain(token.slice(0, 20))
  expect(Object.keys(structuredClone(info))).not.toContain('token')
})

test('is missing if the token is', async () => {
  const guard = requireToken({ anyClient: true })
  const rejected = await guard.authenticate(new Request('https://api.example'))
  expect(rejected).toMatchObject({ status: 401 })
})
