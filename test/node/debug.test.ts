import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { observeEvents } from '../../src/adapters/node/debug.ts'
import { createClient, Ims, nodePlatform } from '../../src/adapters/node/index.ts'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { serverFlow } from '../core/setting.ts'
import { newFolder } from '../kit/folder.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await createEmulator()
})

/** What is published on a channel until the test has finished. */
function published(name: string): unknown[] {
  const messages: unknown[] = []
  const listener = (message: unknown) => void messages.push(message)
  subscribe(name, listener)
  onTestFinished(() => void unsubscribe(name, listener))
  return messages
}

test('every event of a client is published on the channel of its type, without its token', async () => {
  const messages = ['request', 'token', 'operation'].map((type) => published(`imskit:${type}`))
  const { fetch, url: endpoint } = emulator
  const client = createClient({
    flow: serverFlow(emulator),
    ...nodePlatform({ directory: newFolder() }),
    fetch,
    endpoint,
  })
  const token = await client.getToken()
  expect(messages).toMatchObject([
    [{ type: 'request', status: 200, requestId: expect.any(String) }],
    [{ type: 'token', source: 'issued' }],
    [{ name: 'renewing' }],
  ])
  expect(new Set(messages.flat().map((event) => (event as { operation: string }).operation)).size).toBe(1)
  expect(JSON.stringify(messages)).not.toContain(token)
})

test('also those of Ims, in addition to its own listener', async () => {
  const messages = published('imskit:request')
  const onEvent = vi.fn()
  const ims = new Ims({ fetch: emulator.fetch, endpoint: emulator.url, onEvent })
  await ims.validateToken('eyJhbGciOiJSUzI1NiJ9.e30.AA', emulator.contexts.oauth_public.client_id)
  expect(messages).toMatchObject([{ path: '/ims/validate_token/v1' }])
  expect(onEvent.mock.calls.map(([event]) => event)).toEqual(messages)
})

test('DEBUG prints them, too', () => {
  const print = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => print.mockRestore())
  const messages = published('imskit:lock-wait')
  observeEvents({ DEBUG: 'imskit' })({ type: 'lock-wait', duration: 3, operation: 'x1' })
  observeEvents({})({ type: 'lock-wait', duration: 4, operation: 'x2' })
  expect(print.mock.calls).toEqual([['imskit lock-wait {"duration":3,"operation":"x1"}\n']])
  expect(messages).toHaveLength(2)
})
