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

describe('the workers of the documentation', () => {
  test('are there', () => expect(workers.length).toBeGreaterThan(1))

  test.each(workers)('%s runs as it stands', async (_, block) => {
    const worker = await startWorker(block, ims)
    const guards = block.code.includes('requireToken')
    const answer = await worker.dispatchFetch(`https://app.example/${guards ? 'api/me' : ''}`)
    expect(answer.status, await answer.clone().text()).toBe(guards ? 401 : 200)
  })
})
