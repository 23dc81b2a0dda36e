import { describe, expect, test, vi } from 'vitest'
import { createClient } from '../../../src/core/index.ts'
import { later } from '../../../src/core/session/token-cache.ts'
import { gate, serverFlow } from '../setting.ts'
import { hour, world } from './signed-in.ts'

const it = world()

test('of two tokens the later one counts, the first if their times are equal', () => {
  const early = { accessToken: 'early', expiresAt: 9, obtainedAt: 1 }
  const late = { accessToken: 'late', expiresAt: 9, obtainedAt: 2 }
  expect([later(early, late), later(late, early)]).toEqual([late, late])
  expect([later(undefined, late), later(late, undefined)]).toEqual([late, late])
  expect(later(early, { ...late, obtainedAt: 1 })).toBe(early)
})

describe('a clock that was ahead and is put right', () => {
  test.each(['the same process', 'another process'])('does not make an expired token valid for %s', async (who) => {
    const client = createClient({ flow: serverFlow(it.emulator), ...it.on })
    const right = it.clock.now()
    it.clock.set(right + hour)
    const old = await client.getToken()
    it.clock.set(right)
    const asked = who === 'the same process' ? client : createClient({ flow: serverFlow(it.emulator), ...it.on })
    expect(await asked.getToken()).not.toBe(old)
  })

  test('by less than another machine may differ: the token is used', async () => {
    const client = createClient({ flow: serverFlow(it.emulator), ...it.on })
    const right = it.clock.now()
    it.clock.set(right + 30_000)
    const old = await client.getToken()
    it.clock.set(right)
    expect(await createClient({ flow: serverFlow(it.emulator), ...it.on }).getToken()).toBe(old)
  })
})

test('a lifetime counts from the sending of the request, not from the receipt of its answer', async () => {
  const client = createClient({ flow: serverFlow(it.emulator), ...it.on })
  const held = gate()
  it.on.fetch.before = () => held.opened
  const sentAt = it.clock.now()
  const getting = client.getTokens()
  await vi.waitFor(() => expect(it.on.fetch.sent).toHaveLength(1))
  it.clock.set(sentAt + 20_000)
  held.open()
  const { expiresAt: expiry } = await getting
  expect(expiry).toBeLessThanOrEqual(sentAt + 24 * hour)
})
