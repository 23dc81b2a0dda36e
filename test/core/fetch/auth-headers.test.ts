import { expect, test } from 'vitest'
import { createClient } from '../../../src/core/index.ts'
import { emulator, on, serverClient, signedIn } from '../session/emulated-session.ts'
import { autoRedirect, publicFlow, rejection } from '../setting.ts'

test('are the token, the client and the organization', async () => {
  const { client_id, ims_org_id } = emulator.contexts.oauth_server_to_server
  const client = serverClient()
  expect(await client.authHeaders()).toEqual({
    authorization: `Bearer ${await client.getToken()}`,
    'x-api-key': client_id,
    'x-gw-ims-org-id': ims_org_id,
  })
})

test('have no organization if the credential names none', async () => {
  const client = await signedIn()
  expect(Object.keys(await client.authHeaders())).toEqual(['authorization', 'x-api-key'])
})

test('follow the options of getToken', async () => {
  const client = serverClient()
  const first = await client.authHeaders()
  expect(await client.authHeaders()).toEqual(first)
  expect((await client.authHeaders({ force: true })).authorization).not.toBe(first.authorization)
  expect(await rejection(client.authHeaders({ signal: AbortSignal.abort(new Error('no longer')) }))).toMatchObject({
    message: 'no longer',
  })
})

test('ask the user only if that is wanted', async () => {
  const client = createClient({ flow: publicFlow(emulator), ...on, redirect: autoRedirect(emulator) })
  expect(await rejection(client.authHeaders())).toMatchObject({ code: 'LOGIN_REQUIRED' })
  const { authorization } = await client.authHeaders({ interaction: 'login' })
  expect(authorization).toBe(`Bearer ${await client.getToken()}`)
})
