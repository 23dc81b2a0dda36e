import { expect, test } from 'vitest'
import { endTurn, takeTurn } from '../../../src/adapters/node/files/lock-queue.ts'

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
