import type { Miniflare } from 'miniflare'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { build } from '../kit/build.ts'
import { runUntil, type Started, startExample } from './example.ts'

beforeAll(build, 300_000)

test('the worker calls the API with one token for all its requests, and keeps it in KV', async () => {
  const { url, emulator, worker, close } = await startExample<Started & { worker: Miniflare }>('worker-s2s')
  onTestFinished(close)
  for (let calls = 0; calls < 3; calls++) {
    const answer = await fetch(url)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ client_id: 'emulator-server-to-server' })
  }
  expect(emulator.requests.filter(({ path }) => path === '/ims/token/v3')).toHaveLength(1)
  expect((await (await worker.getKVNamespace('TOKENS')).list()).keys).toHaveLength(1)
})

test('one command starts it', async () => {
  expect((await fetch(await runUntil(/curl (\S+)/, 'worker-s2s/start.mjs'))).status).toBe(200)
})
