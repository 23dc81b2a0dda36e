import { describe, expect, test } from 'vitest'
import { createClient, type Store } from '../../../src/core/index.ts'
import { publicFlow, rejection, settled, storedTokens } from '../setting.ts'
import { expire, lockSaying, nearExpiry, world } from './signed-in.ts'

const it = world()

/** A store of a process that is killed when it is about to write tokens, or right after it has. */
function killed(moment: 'before' | 'after'): Store {
  const never = new Promise<void>(() => {})
  return {
    ...it.on.store,
    async set(key, value, expiresAt) {
      if (!key.startsWith('imskit/tokens/')) return it.on.store.set(key, value, expiresAt)
      if (moment === 'after') await it.on.store.set(key, value, expiresAt)
      return never
    },
  }
}

/** A process that renews and is killed: whatever it holds is free, and known to have ended. */
async function killedWhileRenewing(moment: 'before' | 'after'): Promise<void> {
  const client = createClient({
    ...it.on,
    flow: publicFlow(it.emulator),
    store: killed(moment),
    lock: lockSaying({ id: 'the killed one' }),
  })
  void client.getToken({ force: true }).catch(() => {})
  for (let turn = 0; turn < 20 && it.sent().length === 0; turn++) await settled()
  await settled()
  expect(it.sent()).toHaveLength(1)
  it.on.fetch.sent.length = 0
}

const survivor = () =>
  createClient({
    ...it.on,
    flow: publicFlow(it.emulator),
    lock: lockSaying({ hasEnded: async (id) => id === 'the killed one' }),
  })

describe('a process that is killed between the answer to a renewal and the write (S39)', () => {
  test('leaves the old entry whole; a token that has not expired is still returned', async () => {
    const { accessToken: token } = await (await it.signedIn()).getTokens()
    const before = await storedTokens(it.on.store)
    nearExpiry(it)
    await killedWhileRenewing('before')
    expect(await storedTokens(it.on.store)).toEqual(before)
    const next = survivor()
    // a renewal in the background is refused meanwhile, which takes nothing from the token
    for (let call = 0; call < 3; call++) expect(await it.during(next.getToken({ minValidity: 0 }))).toBe(token)
    expect(it.sent().length).toBeLessThan(2)
  })

  test('costs one refused request, and then one clean sign-out', async () => {
    await it.signedIn()
    expire(it)
    await killedWhileRenewing('before')
    const next = survivor()
    expect(await rejection(it.during(next.getToken()))).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(it.sent()).toHaveLength(1)
    expect(await it.on.store.keys('imskit/tokens/')).toEqual([])
    for (const client of [next, survivor()])
      expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'LOGIN_REQUIRED' })
    expect(it.sent()).toHaveLength(1)
  })

  test('costs nothing if the write was done', async () => {
    const before = await storedTokens(it.on.store)
    await it.signedIn()
    expire(it)
    await killedWhileRenewing('after')
    const after = await storedTokens(it.on.store)
    expect(after?.refreshToken).not.toBe(before?.refreshToken)
    expect(await it.during(survivor().getToken())).toBe(after?.accessToken)
    expect(it.sent()).toEqual([])
    expire(it)
    expect(await it.during(survivor().getToken())).toEqual(expect.any(String))
    expect(it.sent()).toEqual([after?.refreshToken])
  })
})
