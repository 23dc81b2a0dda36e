import { expect, test, vi } from 'vitest'
import { createLanding } from '../../../src/core/login/landing.ts'
import type { LoginResult } from '../../../src/core/login/login-methods.ts'
import type { Arrival } from '../../../src/core/ports.ts'

/** A page that someone came back on, at `/callback?code=1&state=2` until it is cleared. */
function arrivalOf(path: string): Arrival {
  let here = `https://app.example${path}`
  return {
    url: () => (here.includes('?') ? new URL(here) : undefined),
    here: () => here,
    clear: () => {
      here = here.replace(/\?.*/, '')
    },
    handOver: async () => false,
    completed: () => {},
    accepts: () => true,
  }
}

const isOurs = async () => true

test('the address is cleared before anything is loaded, and its answer is not lost where that fails', async () => {
  const arrival = arrivalOf('/callback?code=1&state=2')
  const result = { tokens: { accessToken: 'token', expiresAt: 1 } } satisfies LoginResult
  const finish = vi
    .fn(async (_: Arrival, url: URL) => ({ result: Promise.resolve({ ...result, returnTo: url.search }) }))
    .mockRejectedValueOnce(new Error('offline'))
  const landing = createLanding({ arrival, isOurs, finish })
  await expect(landing.read()).rejects.toThrow('offline')
  expect(arrival.here()).toBe('https://app.example/callback')
  const again = await landing.read()
  expect(again).toEqual({ ...result, returnTo: '?code=1&state=2' })
  expect(await landing.read()).toBe(again)
  expect(finish).toHaveBeenCalledTimes(2)
})

test('an answer to anybody else stays in the address, and what is not known is asked again', async () => {
  const arrival = arrivalOf('/callback?code=1&state=2')
  const finish = vi.fn(async () => ({ result: Promise.resolve(undefined) }))
  const isOurs = vi.fn(async () => false).mockRejectedValueOnce(new Error('store'))
  const landing = createLanding({ arrival, isOurs, finish })
  await expect(landing.read()).rejects.toThrow('store')
  expect(finish).not.toHaveBeenCalled()
  expect(await landing.read()).toBeUndefined()
  expect(await landing.read()).toBeUndefined()
  expect(finish).toHaveBeenCalledTimes(1)
  expect(arrival.here()).toBe('https://app.example/callback?code=1&state=2')
})

test('a page without a callback loads nothing', async () => {
  const finish = vi.fn()
  expect(await createLanding({ arrival: arrivalOf('/'), isOurs, finish }).read()).toBeUndefined()
  expect(finish).not.toHaveBeenCalled()
})

test('an answer that was refused stays so for later callers on that page', async () => {
  const refusal = new Error('refused')
  const finish = vi.fn(async () => ({ result: Promise.reject<LoginResult>(refusal) }))
  const landing = createLanding({ arrival: arrivalOf('/callback?code=1&state=2'), isOurs, finish })
  await expect(landing.read()).rejects.toBe(refusal)
  await expect(landing.read()).rejects.toBe(refusal)
  expect(finish).toHaveBeenCalledTimes(1)
})
