import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { isolateLock } from '../../../src/adapters/worker/isolate/lock-isolate.ts'
import { lockContract } from '../../../src/testing/index.ts'
import { signal } from '../bff/cookie-names.ts'

describe('the lock of an isolate', () => {
  lockContract(test, { makeLock: isolateLock })

  test('remains with a holder that takes longer than the lease', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const lock = isolateLock()
    const { give, given } = signal()
    const order: string[] = []
    const first = lock('name', () => given.then(() => order.push('first')))
    const second = lock('name', async () => order.push('second'))
    await vi.advanceTimersByTimeAsync(100_000)
    give()
    await vi.advanceTimersByTimeAsync(1_000)
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
