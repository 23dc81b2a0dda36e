import { beforeAll, describe, expect, test } from 'vitest'
import { type RunningWorker, startSharedWorker } from './workerd.ts'

const stores = [
  'kv',
  'kv, encrypted',
  'kv, while secrets are rotated',
  'durable',
  'the platform’s own',
  'the platform’s over kv',
  'the platform’s over kv, locked',
  'the platform’s over an object',
]
const locks = ['of one isolate', 'an object for each', 'one object', 'the platform’s', 'none']

let worker: RunningWorker
beforeAll(async () => {
  worker = await startSharedWorker({ fixture: 'contracts', durableObjects: { LOCK: 'ImsLock' } })
  return worker.end
})

/** Runs a contract inside workerd. */
async function checked(question: Record<string, string>): Promise<Record<string, string>> {
  const response = await worker.fetch(new URL(`?${new URLSearchParams(question)}`, worker.url))
  return (await response.json()) as Record<string, string>
}

const broken = (results: Record<string, string>) => Object.entries(results).filter(([, how]) => how !== 'kept')

describe('in workerd, the contract of', () => {
  test.each(stores)('a store is kept: %s', async (store) => {
    const results = await checked({ store })
    expect(broken(results)).toEqual([])
    expect(Object.keys(results).length).toBeGreaterThanOrEqual(10)
  })

  // at once, as a lock asks an object that fails for a minute
  test.concurrent.each(locks)('a lock is kept: %s', { timeout: 180_000 }, async (lock) => {
    const results = await checked({ lock })
    expect(broken(results)).toEqual([])
    expect(Object.keys(results).length).toBeGreaterThanOrEqual(3)
  })
})
