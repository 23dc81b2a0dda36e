import { afterEach, expect, test, vi } from 'vitest'
import { serveVault } from '../../../src/adapters/browser/vault/vault.ts'
import { authorizationCode } from '../../../src/core/flows/authorization-code.ts'

// the worker's side of a vault alone, with the messages that any script of the origin can post to it

afterEach(() => vi.unstubAllGlobals())

function serve() {
  const posted: unknown[] = []
  vi.stubGlobal('postMessage', (message: unknown) => posted.push(message))
  vi.stubGlobal('onmessage', null)
  serveVault({ flow: authorizationCode({ clientId: 'c', scopes: ['openid'] }) })
  const { onmessage } = globalThis as unknown as { onmessage(event: { data: unknown }): Promise<void> }
  return { posted, post: (data: unknown) => onmessage({ data }) }
}

test.each([null, undefined, 0, 'text', true, [], {}])('ignores %j, which is not a request', async (data) => {
  const { posted, post } = serve()
  await post(data)
  expect(posted).toEqual([{ ready: true }])
})

test('answers a call that it does not know with an error', async () => {
  const { posted, post } = serve()
  await post({ id: 1, call: 'getToken' })
  expect(posted.at(-1)).toMatchObject({ id: 1, error: { ours: { code: 'BAD_OPTION' } } })
})
