import { expect, onTestFinished, test } from 'vitest'
import { startEmulator } from '../../src/emulator/index.ts'
import { startWorker } from './workerd.ts'

test('a worker takes a token with client credentials', async () => {
  const emulator = await startEmulator()
  onTestFinished(() => emulator.close())
  const worker = await startWorker({
    fixture: 'service',
    bindings: { context: emulator.contexts.oauth_server_to_server },
  })
  const response = await worker.fetch(worker.url)
  expect(response.status).toBe(200)
  expect((await response.text()).split('.')).toHaveLength(3)
  expect(worker.outgoing).toEqual([{ method: 'POST', url: `${emulator.url}/ims/token/v3` }])
})
