import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../kit/build.ts'
import { blocksIn } from './blocks.ts'
import { type ImsOfThePages, startImsOfThePages } from './ims-of-the-pages.ts'
import { startWorker } from './started-worker.ts'

let ims: ImsOfThePages

beforeAll(async () => {
  await build()
  ims = await startImsOfThePages()
}, 300_000)
afterAll(() => ims.close())

const workers = blocksIn('worker').map((block) => [block.at, block] as const)

/** A request without a token, and the status of its response: a guard rejects it, a backend says that no user is signed in. */
function requestFor(code: string): { path: string; method: string; status: number } {
  if (code.includes('honoBackend')) return { path: '/auth/session', method: 'GET', status: 200 }
  if (code.includes(".post('/mcp'")) return { path: '/mcp', method: 'POST', status: 401 }
  const guards = /requireToken|honoGuard/.test(code)
  return { path: guards ? '/api/me' : '/', method: 'GET', status: guards ? 401 : 200 }
}

describe('the workers of the documentation', () => {
  test('are there', () => expect(workers.length).toBeGreaterThan(1))

  test.each(workers)('%s runs as it stands', async (_, block) => {
    const worker = await startWorker(block, ims)
    const { path, method, status } = requestFor(block.code)
    const answer = await worker.dispatchFetch(`https://app.example${path}`, { method })
    expect(answer.status, await answer.clone().text()).toBe(status)
  })
})
