import { expect, test } from 'vitest'
import { endTurn, takeTurn } from '../../src/adapters/node/files/lock-queue.ts'
import { createClient, type Lock, memoryStore } from '../../src/core/index.ts'
import { later } from '../../src/core/session/token-cache.ts'
import { createEmulator } from '../../src/emulator/index.ts'
import { freeHold, serverFlow } from './setting.ts'

// pieces whose faults only show where several things come together

test('of two tokens the later one counts, the first if their times are equal', () => {
  const early = { accessToken: 'early', expiresAt: 9, obtainedAt: 1 }
  const late = { accessToken: 'late', expiresAt: 9, obtainedAt: 2 }
  expect([later(early, late), later(late, early)]).toEqual([late, late])
  expect([later(undefined, late), later(late, undefined)]).toEqual([late, late])
  expect(later(early, { ...late, obtainedAt: 1 })).toBe(early)
})

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

test('a turn of a waiter that has just given up passes to the next', async () => {
  await takeTurn('name', { waited: () => 0, wait: 1_000 })
  const leaving = new AbortController()
  const left = takeTurn('name', { waited: () => 0, wait: 1_000, signal: leaving.signal })
  const next = takeTurn('name', { waited: () => 0, wait: 5_000 })
  endTurn('name')
  leaving.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  expect(await next).toBe(true)
  endTurn('name')
})
