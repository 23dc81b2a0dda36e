import { describe, expect, test } from 'vitest'
import { createIms, nodePlatform } from '../../src/adapters/node/index.ts'
import { workerPlatform } from '../../src/adapters/worker/index.ts'
import { createClient } from '../../src/core/client.ts'
import { authorizationCode } from '../../src/core/flows/authorization-code.ts'
import { clientCredentials } from '../../src/core/flows/client-credentials.ts'
import { memoryPlatform, memoryStore, noLock, processLock, systemClock } from '../../src/core/memory.ts'
import type { Clock, Fetch, Lock, Platform, Store } from '../../src/core/ports.ts'

const flow = clientCredentials({ clientId: 'c', clientSecret: 's', scopes: ['openid'] })
const platforms: [string, () => Platform][] = [
  ['memory', memoryPlatform],
  ['node', () => nodePlatform({ directory: '/dev/null/nothing-is-written-here' })],
  ['worker', () => workerPlatform()],
]

/** The caller's own parts, and which of them were used. */
function own() {
  const used = new Set<string>()
  const noting = <Part extends (...args: never[]) => unknown>(name: string, part: Part) =>
    ((...args: never[]) => {
      used.add(name)
      return part(...args)
    }) as unknown as Part
  const kept = memoryStore()
  const store: Store = { ...kept, get: noting('store', kept.get), set: noting('store', kept.set) }
  const lock: Lock = noting('lock', processLock())
  const clock: Clock = { ...systemClock, now: noting('clock', systemClock.now) }
  const answer = { access_token: 'a-token', token_type: 'bearer', expires_in: 86_400 }
  const fetch: Fetch = noting('fetch', async () => Response.json(answer))
  return { used, parts: { store, lock, clock, fetch } }
}

describe.each(platforms)('an option that the caller names wins over the %s platform', (_, platform) => {
  const all = ['clock', 'fetch', 'lock', 'store']

  test('before it is spread, and after', async () => {
    for (const order of ['before', 'after']) {
      const { used, parts } = own()
      const options: object = order === 'before' ? { ...parts, ...platform() } : { ...platform(), ...parts }
      const client = createClient({ flow, ...(options as typeof parts) })
      expect(await client.getToken()).toBe('a-token')
      expect([order, [...used].sort()]).toEqual([order, all])
    }
  })

  test('in createIms too', async () => {
    const { used, parts } = own()
    const ims = createIms({ ...parts, ...platform() } as Platform)
    const data = { client_id: 'c', client_secret: 's', client_secrets: ['s'], scopes: ['openid'] }
    const account = { technical_account_email: 'a@b', technical_account_id: 'a', ims_org_id: 'o@AdobeOrg' }
    await ims.context.set('name', { ...data, ...account })
    expect(await ims.getToken('name')).toBe('a-token')
    expect([...used].sort()).toEqual(all)
  })

  test('unless it is undefined', async () => {
    const { used, parts } = own()
    const options: object = { ...parts, store: undefined, ...(platform() as object) }
    const client = createClient({ flow, ...(options as Platform) })
    expect(await client.getToken()).toBe('a-token')
    expect([...used].sort()).toEqual(['clock', 'fetch', 'lock'])
  })
})

test('a flow with refresh tokens needs a lock, or the consent of noLock', () => {
  const login = authorizationCode({ clientId: 'c', scopes: ['openid'] })
  const { lock, ...rest } = { store: memoryStore(), lock: processLock() }
  const absent: Lock = Object.assign(processLock(), { absent: true } as const)
  expect(() => createClient({ flow: login, ...rest, lock })).not.toThrow()
  expect(() => createClient({ flow: login, ...rest, lock: noLock })).not.toThrow()
  expect(() => createClient({ flow: login, ...rest, lock: absent })).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('noLock') }),
  )
  expect(() => createClient({ flow, ...rest, lock: absent })).not.toThrow()
  const eventual: Store = { ...memoryStore(), consistency: 'eventual' }
  expect(() => createClient({ flow: login, store: eventual, lock })).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('durableTokens') }),
  )
  expect(() => createClient({ flow: login, store: eventual, lock: noLock })).not.toThrow()
})

test('noLock is known in every copy of the module', async () => {
  const copy = await import(`${'../../src/core/memory.ts'}?copy`)
  expect(copy.noLock).not.toBe(noLock)
  const login = authorizationCode({ clientId: 'c', scopes: ['openid'] })
  const store: Store = { ...memoryStore(), consistency: 'eventual' }
  expect(() => createClient({ flow: login, store, lock: copy.noLock })).not.toThrow()
})
