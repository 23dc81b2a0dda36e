import { expect, test } from 'vitest'
import { createClient, type Lock, memoryStore } from '../../../src/core/index.ts'
import { createEmulator } from '../../../src/emulator/index.ts'
import { freeHold, serverFlow } from '../setting.ts'

test('a lock that runs its task twice still obtains one token', async () => {
  const emulator = await createEmulator()
  const twice: Lock = async (_, task) => {
    await task(freeHold)
    return task(freeHold)
  }
  const client = createClient({
    flow: serverFlow(emulator),
    endpoint: emulator.url,
    fetch: emulator.fetch,
    store: memoryStore(),
    lock: twice,
  })
  await client.getToken({ force: true })
  expect(emulator.requests).toHaveLength(1)
})
