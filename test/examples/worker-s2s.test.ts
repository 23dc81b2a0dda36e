import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Miniflare } from 'miniflare'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { RunningEmulator } from '../../src/emulator/index.ts'
import { build } from '../proof/build.ts'

beforeAll(build, 300_000)

test('the worker calls the API with one token for all its requests, and keeps it in KV', async () => {
  const script = pathToFileURL(join(import.meta.dirname, '../../examples/worker-s2s/start.mjs')).href
  const { start } = (await import(script)) as {
    start(): Promise<{ url: string; emulator: RunningEmulator; worker: Miniflare; close(): Promise<void> }>
  }
  const { url, emulator, worker, close } = await start()
  onTestFinished(close)
  for (let calls = 0; calls < 3; calls++) {
    const answer = await fetch(url)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ client_id: 'emulator-server-to-server' })
  }
  expect(emulator.requests.filter(({ path }) => path === '/ims/token/v3')).toHaveLength(1)
  expect((await (await worker.getKVNamespace('TOKENS')).list()).keys).toHaveLength(1)
})
