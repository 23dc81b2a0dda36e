import { describe, expect, test } from 'vitest'
// @ts-expect-error plain JavaScript, which also prints the sizes
import { bleedingIntoWorkers, bundleWorker, workerJobs } from '../../scripts/bundles-worker.mjs'

interface Job {
  readonly code: string
  readonly ceiling?: number
}

const ours = Object.entries(workerJobs as Record<string, Job>).filter(([, { ceiling }]) => ceiling !== undefined)

describe('what a worker carries', () => {
  test.each(ours)('%s: nothing that it does not use, no more bytes than before', async (_, { code, ceiling }) => {
    const { text, gzip } = await bundleWorker(code)
    expect(bleedingIntoWorkers.exec(text)?.[0]).toBeUndefined()
    expect(gzip).toBeLessThanOrEqual(ceiling ?? 0)
  })

  test('is distinguished from a bundle with what it must not contain', async () => {
    const code = `export { createAuthHandler } from './src/adapters/worker/index.ts'`
    expect((await bundleWorker(code)).text).toMatch(bleedingIntoWorkers)
  })
})
