import { expect, test, vi } from 'vitest'
import { lazy } from '../../src/core/lazy.ts'

test('a lazy part is loaded once', async () => {
  const load = vi.fn(async () => ({ part: 1 }))
  const part = lazy(load)
  expect(load).not.toHaveBeenCalled()
  expect([await part(), await part()]).toEqual([{ part: 1 }, { part: 1 }])
  expect(load).toHaveBeenCalledTimes(1)
})

test('what cannot be loaded is NETWORK_FAILED, and is tried again by the next call', async () => {
  let online = false
  const part = lazy(async () => {
    if (!online) throw new TypeError('Failed to fetch dynamically imported module: https://app.example/a.js')
    return 'here'
  })
  await expect(part()).rejects.toMatchObject({ name: 'UnavailableError', code: 'NETWORK_FAILED' })
  online = true
  expect(await part()).toBe('here')
})
