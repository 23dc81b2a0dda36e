import { describe, expect, test } from 'vitest'
import type { Json } from '../../../src/core/index.ts'
import { gate, rejection, settled, storedTokens } from '../setting.ts'
import { expire, world } from './signed-in.ts'

const it = world()

const isRefresh = (init: RequestInit) => String(init.body).includes('grant_type=refresh_token')

describe('what a refresh token was exchanged for', () => {
  test('replaces nothing that another process has stored, also if the store cannot be read at once', async () => {
    const client = await it.signedIn()
    expire(it)
    const [key = ''] = await it.on.store.keys('imskit/tokens/')
    const theirs = {
      ...(await storedTokens(it.on.store)),
      accessToken: 'theirs',
      expiresAt: it.clock.now() + 3_600_000,
    }
    let failures = 0
    it.on.store.before = (operation) => {
      if (operation === 'get' && failures-- > 0) throw new Error('EBUSY')
    }
    it.on.fetch.before = async (_, init) => {
      if (!isRefresh(init)) return
      await it.on.store.set(key, { ...theirs, obtainedAt: it.clock.now() } as Json)
      failures = 2
    }
    expect(await it.during(client.getToken())).toBe('theirs')
    expect(await storedTokens(it.on.store)).toMatchObject({ accessToken: 'theirs' })
  })

  test.each([
    ['answered', undefined],
    ['refused', 'invalid_grant'],
  ])(
    'replaces nothing that is stored while its process stands still after a look at the store: %s',
    async (_, error) => {
      const client = await it.signedIn()
      expire(it)
      const [key = ''] = await it.on.store.keys('imskit/tokens/')
      let asked = false
      it.on.fetch.before = (_, init) => {
        asked ||= isRefresh(init)
      }
      if (error !== undefined) it.fault({ path: '/ims/token', status: 400, body: { error }, times: 1 })
      const { get } = it.on.store
      it.on.store.get = async (name) => {
        const found = await get(name)
        if (!asked || name !== key) return found
        it.on.store.get = get
        it.clock.set(it.clock.now() + 28_000)
        await it.on.store.set(key, {
          accessToken: 'theirs',
          expiresAt: it.clock.now() + 3_600_000,
          obtainedAt: it.clock.now(),
        })
        return found
      }
      expect(await it.during(client.getToken())).toBe('theirs')
      expect(await storedTokens(it.on.store)).toMatchObject({ accessToken: 'theirs' })
    },
  )

  test('is stored though a login overtakes it, as the login may not come to be stored', async () => {
    const client = await it.signedIn()
    const before = await storedTokens(it.on.store)
    expire(it)
    const held = gate()
    it.on.fetch.before = (_, init) => (isRefresh(init) ? held.opened : undefined)
    const renewing = client.getToken().catch(() => undefined)
    await settled()
    let writes = 0
    it.on.store.before = (operation, key) => {
      if (operation === 'set' && key.startsWith('imskit/tokens/') && ++writes > 1) throw new Error('ENOSPC')
    }
    const login = client.login().catch(() => undefined)
    for (let turn = 0; turn < 20 && it.on.fetch.sent.length < 2; turn++) await settled()
    await settled()
    held.open()
    await it.during(Promise.all([renewing, login]))
    expect(writes).toBeGreaterThan(1)
    const after = await storedTokens(it.on.store)
    expect(after?.refreshToken).toEqual(expect.any(String))
    expect(after?.refreshToken).not.toBe(before?.refreshToken)
    it.on.store.before = () => undefined
    it.on.fetch.before = () => undefined
    expire(it)
    expect(await it.during(it.other().getToken())).toEqual(expect.any(String))
  })
})

test('a refresh token that IMS refused is not sent again by this process, though the store has it back', async () => {
  const client = await it.signedIn()
  const [key = ''] = await it.on.store.keys('imskit/tokens/')
  const before = (await it.on.store.get(key)) as Json
  expire(it)
  it.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_grant' } })
  expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'LOGIN_REQUIRED' })
  expect(it.sent()).toHaveLength(1)
  // what a store that forgets nothing, or a backup, shows again
  await it.on.store.set(key, before)
  it.clock.set(it.clock.now() + 60_000)
  expect(await rejection(it.during(client.getToken()))).toMatchObject({ code: 'LOGIN_REQUIRED' })
  expect(it.sent()).toHaveLength(1)
})

test('a client that IMS refuses is not asked for again by every call', async () => {
  const client = await it.signedIn()
  expire(it)
  it.fault({ path: '/ims/token', status: 401, body: { error: 'invalid_client' } })
  for (let call = 0; call < 3; call++)
    expect(await rejection(it.during(client.getToken()))).toMatchObject({ imsError: 'invalid_client' })
  expect(it.sent()).toHaveLength(1)
  it.on.fetch.sent.length = 0
})
