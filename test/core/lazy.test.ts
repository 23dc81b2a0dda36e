import { expect, test, vi } from 'vitest'
import { lazy, preload } from '../../src/core/lazy.ts'

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
  await expect(part()).rejects.toMatchObject({
    name: 'UnavailableError',
    code: 'NETWORK_FAILED',
    message: expect.stringContaining('reload the page'),
    details: { reason: 'reload' },
  })
  await expect(preload()).rejects.toMatchObject({ details: { reason: 'reload' } })
  online = true
  expect(await part()).toBe('here')
})

test('preload loads every part once, so that a later deployment cannot remove it', async () => {
  const load = vi.fn(async () => 'here')
  const part = lazy(load)
  await preload()
  expect(load).toHaveBeenCalledTimes(1)
  load.mockRejectedValue(new TypeError('the file was removed'))
  expect(await part()).toBe('here')
})
