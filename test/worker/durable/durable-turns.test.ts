import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  authorizationCode,
  createClient,
  type DurableNamespace,
  durableLock,
  durableStore,
  type Hold,
  memoryPlatform,
} from '../../../src/adapters/worker/index.ts'
import { startEmulator } from '../../../src/emulator/index.ts'
import { gate } from '../../core/setting.ts'
import { type RunningWorker, startSharedWorker, startWorker } from '../workerd.ts'

// Durable Objects of workerd that are reset, as by a deployment: requests in them fail, and their memory is lost

const setup = { fixture: 'resets', durableObjects: { LOCK: 'ImsLock' } }
let shared: RunningWorker
let tests = 0
beforeAll(async () => {
  shared = await startSharedWorker(setup)
  return shared.end
})

/** Objects that no other test knows. */
async function objects({ miniflare } = shared, prefix = `${++tests} `) {
  const all = (await miniflare.getDurableObjectNamespace('LOCK')) as unknown as DurableNamespace
  const namespace: DurableNamespace = {
    idFromName: (name) => all.idFromName(prefix + name),
    get: (id) => all.get(id),
  }
  const ask = (object: string, verb: string, message: object = {}) =>
    namespace.get(namespace.idFromName(object)).fetch(`https://imskit/${verb}`, {
      method: 'POST',
      body: JSON.stringify(message),
    })
  return {
    namespace,
    reset: (object = 'name') =>
      ask(object, 'reset').then(
        () => {},
        () => {},
      ),
    say: async (verb: string, message: object) => (await ask('name', verb, { name: 'name', ...message })).json(),
  }
}

/** Loses the answers to the next `count` questions of one kind, after the object has acted on them. */
function losing(namespace: DurableNamespace, verb: string, count: number): DurableNamespace {
  let left = count
  return {
    idFromName: (name) => namespace.idFromName(name),
    get: (id) => ({
      async fetch(url, init) {
        const answer = await namespace.get(id).fetch(url, init)
        if (!url.endsWith(`/${verb}`) || left-- <= 0) return answer
        throw new Error('Network connection lost.')
      },
    }),
  }
}

describe('a lock whose object is reset', () => {
  test('keeps its holder, and gives each waiter one turn, one after the other', async () => {
    const { namespace, reset } = await objects()
    const [entered, end] = [gate(), gate()]
    const order: string[] = []
    let holder: Hold | undefined
    const held = durableLock(namespace)('name', async (hold) => {
      holder = hold
      entered.open()
      await end.opened
      order.push('holder')
    })
    await entered.opened
    let inside = 0
    let most = 0
    const waiters = Array.from({ length: 4 }, (_, index) =>
      durableLock(namespace)('name', async ({ stillHeld }) => {
        most = Math.max(most, ++inside)
        expect(await stillHeld()).toBe(true)
        order.push(`waiter ${index}`)
        inside--
      }),
    )
    for (let resets = 0; resets < 5; resets++) {
      await reset()
      expect(await holder?.stillHeld()).toBe(true)
    }
    end.open()
    await reset()
    await Promise.all([held, ...waiters])
    expect(most).toBe(1)
    expect(order[0]).toBe('holder')
    expect([...order].sort()).toEqual(['holder', 'waiter 0', 'waiter 1', 'waiter 2', 'waiter 3'])
  })

  test('knows which holdings have ended, and which it cannot tell of', async () => {
    const { namespace, reset } = await objects()
    const lock = durableLock(namespace)
    const ended = await lock('name', async ({ id = '' }) => id)
    expect(ended).not.toBe('')
    await reset()
    await lock('name', async ({ id = '', hasEnded }) => {
      expect(id).not.toBe(ended)
      expect([await hasEnded?.(ended), await hasEnded?.(id), await hasEnded?.('unknown')]).toEqual([true, false, false])
    })
    // as many as fit into one small value
    for (let turn = 0; turn < 30; turn++) await lock('name', async () => {})
    await lock('name', async ({ hasEnded }) => expect(await hasEnded?.(ended)).toBe(false))
  })

  test('gives no second turn to a ticket whose question comes late', async () => {
    const { say, reset } = await objects()
    const asked = { ticket: 'late', lease: 10_000, patience: 1_000 }
    expect(await say('acquire', asked)).toEqual({ fence: 1 })
    await say('release', { ticket: 'late', fence: 1 })
    await reset()
    expect(await say('acquire', asked)).toEqual({})
    expect(await say('acquire', { ...asked, ticket: 'next' })).toEqual({ fence: 2 })
  })
})

describe('an answer that is lost', () => {
  test('to a waiting caller is requested again, and leaves no second turn', async () => {
    const { namespace, say } = await objects()
    let id = ''
    await durableLock(losing(namespace, 'acquire', 3))('name', async (hold) => {
      id = hold.id ?? ''
      expect(await hold.stillHeld()).toBe(true)
    })
    // the next turn follows at once
    expect(await say('acquire', { ticket: 'next', lease: 10_000, patience: 1 })).toEqual({ fence: 2 })
    expect(await say('ended', { ticket: id })).toEqual({ ended: true })
  })

  test('to a holder is requested again, and finally it is unknown whether it still has the lock', async () => {
    const { namespace } = await objects()
    await durableLock(losing(namespace, 'extend', 2))('name', async ({ stillHeld }) => {
      expect(await stillHeld()).toBe(true)
    })
    await durableLock(losing(namespace, 'extend', 100))('name', async ({ stillHeld }) => {
      await expect(stillHeld()).rejects.toMatchObject({ name: 'UnavailableError', code: 'STORE_FAILED' })
    })
  })

  test('to a release does not keep the lock', async () => {
    const { namespace, say } = await objects()
    await durableLock(losing(namespace, 'release', 2))('name', async () => {})
    expect(await say('acquire', { ticket: 'next', lease: 10_000, patience: 1 })).toEqual({ fence: 2 })
  })

  test('to a waiter that asks again keeps its place in the queue', async () => {
    const { say } = await objects()
    const asked = { lease: 10_000, patience: 20_000 }
    expect(await say('acquire', { ...asked, ticket: 'holder' })).toEqual({ fence: 1 })
    const first = say('acquire', { ...asked, ticket: 'first' })
    await say('extend', { ticket: 'nobody', lease: 1 })
    const second = say('acquire', { ...asked, ticket: 'second' })
    await say('extend', { ticket: 'nobody', lease: 1 })
    const again = say('acquire', { ...asked, ticket: 'first' })
    expect(await first).toEqual({})
    await say('release', { ticket: 'holder', fence: 1 })
    expect(await again).toEqual({ fence: 2 })
    await say('release', { ticket: 'first', fence: 2 })
    expect(await second).toEqual({ fence: 3 })
  })

  test.each(['get', 'set', 'delete'])('of a store to a %s is requested again', async (verb) => {
    const { namespace, reset } = await objects()
    const store = durableStore(losing(namespace, verb, 3))
    await store.set('key', 'value')
    await reset('imskit')
    expect(await store.get('key')).toBe('value')
    await store.delete('key')
    expect(await store.get('key')).toBeUndefined()
  })
})

test('waiters that leave write nothing and leave the queue to the others', async () => {
  const { namespace, say } = await objects()
  const lock = durableLock(namespace)
  const [entered, end] = [gate(), gate()]
  const held = lock('name', async () => {
    entered.open()
    await end.opened
  })
  await entered.opened
  const questions: string[] = []
  const counting: DurableNamespace = {
    idFromName: (name) => namespace.idFromName(name),
    get: (id) => ({
      async fetch(url, init) {
        questions.push(url.slice(url.lastIndexOf('/') + 1))
        return namespace.get(id).fetch(url, init)
      },
    }),
  }
  const shared = durableLock(counting)
  const leaving = new AbortController()
  const waiters = Array.from({ length: 8 }, () => shared('name', async () => 'never', leaving.signal))
  const outcomes = Promise.allSettled(waiters)
  await expect.poll(() => questions.length).toBeGreaterThan(0)
  leaving.abort(new Error('another caller has renewed'))
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: leaving.signal.reason })
  // one of them has asked the object; the others waited here
  expect(questions).toEqual(['acquire', 'release'])
  end.open()
  await held
  expect(await say('acquire', { ticket: 'next', lease: 10_000, patience: 1 })).toEqual({ fence: 2 })
})

test('two isolates redeem each refresh token once while their object is reset', async () => {
  const lifetime = 86_400_000
  const ims = await startEmulator({ autoLogin: 'user@example.com', accessTokenLifetime: lifetime })
  onTestFinished(() => ims.close())
  const { client_id: clientId, client_secret: clientSecret, scope } = ims.contexts.oauth
  const platform = memoryPlatform()
  const redirectUri = 'http://127.0.0.1:5566/callback'
  const browser = createClient({
    flow: authorizationCode({ clientId, clientSecret, scopes: scope, redirectUri }),
    endpoint: ims.url,
    issuers: [ims.url],
    ...platform,
  })
  const back = await fetch(await browser.startLogin(), { redirect: 'manual' })
  await browser.finishLogin(back.headers.get('location') ?? '')
  const [key = ''] = await platform.store.keys('imskit/tokens/')
  const { refreshToken } = (await platform.store.get(key)) as { refreshToken: string }
  const service = { clientId, clientSecret, refreshToken }
  const worker = await startWorker({ ...setup, isolates: 2, bindings: { service, endpoint: ims.url } })
  const { reset } = await objects(worker, '')
  const ask = async () => {
    // no token lasts as long as this wants it to
    const answer = await worker.fetch(new URL('/?minValidity=1e12', worker.url))
    return [answer.status, await answer.text()]
  }
  const refreshes = () => ims.requests.filter(({ params }) => params.grant_type === 'refresh_token')
  for (let round = 0; round < 4; round++) {
    ims.fault({ path: '/ims/token/v3', delay: 500 })
    const before = refreshes().length
    const answers = [ask(), ask()]
    await expect.poll(() => refreshes().length, { timeout: 10_000 }).toBeGreaterThan(before)
    await reset('imskit')
    for (const [status, text] of await Promise.all(answers)) expect([status, text]).toEqual([200, text])
  }
  expect(new Set(refreshes().map(({ status }) => status))).toEqual(new Set([200]))
})
