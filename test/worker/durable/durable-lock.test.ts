import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type DurableNamespace,
  type DurableStorage,
  durableLock,
  durableStore,
  durableTokens,
  type Hold,
  type ImsError,
  ImsLock,
  type KvNamespace,
  kvStore,
  workerPlatform,
} from '../../../src/adapters/worker/index.ts'
import { gate, rejection } from '../../core/setting.ts'
import { type RunningWorker, startSharedWorker, startWorker } from '../workerd.ts'

// the real Durable Objects of workerd, asked from outside

const setup = { fixture: 'empty', durableObjects: { LOCK: 'ImsLock' } }
let shared: RunningWorker
let tests = 0
beforeAll(async () => {
  shared = await startSharedWorker(setup)
  return shared.end
})

const lockOf = async ({ miniflare }: RunningWorker) =>
  (await miniflare.getDurableObjectNamespace('LOCK')) as unknown as DurableNamespace

/** Objects that no other test knows. */
async function objects(): Promise<{ namespace: DurableNamespace; kv: KvNamespace }> {
  const all = await lockOf(shared)
  const test = ++tests
  return {
    namespace: {
      idFromName: (name) => all.idFromName(`${test} ${name}`),
      get: (id) => all.get(id),
    },
    kv: (await shared.miniflare.getKVNamespace('KV')) as unknown as KvNamespace,
  }
}

/** Objects whose storage is in a directory. */
async function keptObjects(persist: string) {
  const worker = await startWorker({ ...setup, persist })
  return { namespace: await lockOf(worker), end: worker.end }
}

/** A namespace that can be cut off. */
function line(namespace: DurableNamespace): DurableNamespace & { cut: boolean } {
  const wired: DurableNamespace & { cut: boolean } = {
    cut: false,
    idFromName: (name) => namespace.idFromName(name),
    get: (id) => ({
      fetch: async (url, init) => {
        if (wired.cut) throw new Error('Network connection lost')
        return namespace.get(id).fetch(url, init)
      },
    }),
  }
  return wired
}

/** Asks the object itself. */
async function say<Answer>(namespace: DurableNamespace, object: string, verb: string, message: object) {
  const stub = namespace.get(namespace.idFromName(object))
  const response = await stub.fetch(`https://imskit/${verb}`, { method: 'POST', body: JSON.stringify(message) })
  return (await response.json()) as Answer
}

/** A task that holds a lock until the test ends it. */
async function holding(lock: ReturnType<typeof durableLock>, name: string) {
  const entered = gate()
  const end = gate()
  let hold: Hold | undefined
  const done = lock(name, async (given) => {
    hold = given
    entered.open()
    await end.opened
  })
  await entered.opened
  return {
    done,
    end: end.open,
    id: hold?.id ?? '',
    stillHeld: () => (hold as Hold).stillHeld(),
    hold: hold as unknown as Hold,
  }
}

describe('a lock', () => {
  test('is served in the order in which it was asked for', async () => {
    const { namespace } = await objects()
    const first = await holding(durableLock(namespace), 'name')
    const order: number[] = []
    const waiting: Promise<unknown>[] = []
    for (let turn = 0; turn < 5; turn++) {
      const ticket = `ticket-${turn}`
      const asked = { name: 'name', ticket, lease: 5_000, patience: 20_000 }
      waiting.push(
        say<{ fence?: number }>(namespace, 'name', 'acquire', asked).then(async ({ fence }) => {
          expect(fence).toBeGreaterThan(1)
          order.push(turn)
          await say(namespace, 'name', 'release', { name: 'name', ticket })
        }),
      )
      // it is in the queue once the object has answered something that came later
      await say(namespace, 'name', 'extend', { name: 'name', ticket: 'nobody', lease: 1 })
    }
    first.end()
    await Promise.all(waiting)
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  test('of a holder that died is free after its lease has expired', async () => {
    const { namespace } = await objects()
    const gone = { name: 'name', ticket: 'gone', lease: 1_000, patience: 1_000 }
    expect(await say(namespace, 'name', 'acquire', gone)).toEqual({ fence: 1 })
    expect(await durableLock(namespace)('name', async () => 'mine')).toBe('mine')
  })

  test('is held for as long as its task runs, even if that is longer than the lease', async () => {
    const { namespace } = await objects()
    const holder = await holding(durableLock(namespace), 'name')
    const other = { name: 'name', ticket: 'other', lease: 10_000, patience: 15_000 }
    // the object waits for longer than the lease
    expect(await say(namespace, 'name', 'acquire', other)).toEqual({})
    expect(await holder.stillHeld()).toBe(true)
    holder.end()
    await holder.done
    expect(await durableLock(namespace)('name', async () => 'now')).toBe('now')
  })

  test.each(['one lock', 'two locks'])('is waited for as long as the caller wants to (%s)', async (which) => {
    const { namespace } = await objects()
    const lock = durableLock(namespace)
    const holder = await holding(lock, 'name')
    const other = which === 'one lock' ? lock : durableLock(namespace)
    const leaving = AbortSignal.timeout(300)
    expect(await rejection(other('name', async () => 'never', leaving))).toBe(leaving.reason)
    holder.end()
    await holder.done
    expect(await other('name', async () => 'now')).toBe('now')
  })

  test('and its count of turns outlive the object', async () => {
    const persist = mkdtempSync(join(tmpdir(), 'imskit-objects-'))
    onTestFinished(() => rmSync(persist, { recursive: true }))
    const first = await keptObjects(persist)
    const asked = { name: 'name', ticket: 'first', lease: 3_600_000, patience: 1 }
    expect(await say(first.namespace, 'name', 'acquire', asked)).toEqual({ fence: 1 })
    await first.end()
    const { namespace } = await keptObjects(persist)
    const other = { ...asked, ticket: 'other' }
    expect(await say(namespace, 'name', 'acquire', other)).toEqual({})
    // a caller that did not receive the answer asks again, and has the lock
    expect(await say(namespace, 'name', 'acquire', asked)).toEqual({ fence: 1 })
    await say(namespace, 'name', 'release', { name: 'name', ticket: 'first' })
    expect(await say(namespace, 'name', 'acquire', other)).toEqual({ fence: 2 })
  })

  test('is not given to a caller that stopped waiting before it was free', async () => {
    const { namespace } = await objects()
    const asked = { name: 'name', ticket: 'left', lease: 3_600_000, patience: 10_000 }
    await say(namespace, 'name', 'release', { name: 'name', ticket: 'left' })
    expect(await say(namespace, 'name', 'acquire', asked)).toEqual({})
    expect(await durableLock(namespace)('name', async () => 'mine')).toBe('mine')
  })

  test('is not requested any more by a caller that stopped waiting', async () => {
    const { namespace } = await objects()
    const holder = await holding(durableLock(namespace), 'name')
    const [asked, answered] = [gate(), gate()]
    let questions = 0
    const counting: DurableNamespace = {
      idFromName: (name) => namespace.idFromName(name),
      get: (id) => ({
        async fetch(url, init) {
          if (!url.endsWith('/acquire')) return namespace.get(id).fetch(url, init)
          questions++
          asked.open()
          return namespace
            .get(id)
            .fetch(url, init)
            .finally(() => answered.open())
        },
      }),
    }
    const leaving = new AbortController()
    const waiter = rejection(durableLock(counting)('name', async () => 'never', leaving.signal))
    await asked.opened
    leaving.abort(new Error('gone'))
    expect(await waiter).toBe(leaving.signal.reason)
    await answered.opened
    for (let turn = 0; turn < 5; turn++)
      await say(namespace, 'name', 'extend', { name: 'name', ticket: 'nobody', lease: 1 })
    expect(questions).toBe(1)
    holder.end()
    await holder.done
  })

  test('whose object is unreachable is requested until the wait ends', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let questions = 0
    const unreachable: DurableNamespace = {
      idFromName: (name) => name,
      get: () => ({
        async fetch() {
          questions++
          throw new Error('Network connection lost.')
        },
      }),
    }
    const began = Date.now()
    const failed = rejection(durableLock(unreachable)('name', async () => 'never'))
    await vi.runAllTimersAsync()
    const failure = (await failed) as ImsError
    expect([failure.name, failure.code]).toEqual(['UnavailableError', 'STORE_FAILED'])
    expect(Date.now() - began).toBeGreaterThanOrEqual(60_000)
    // with a pause between two questions
    expect(questions).toBeGreaterThan(60)
    expect(questions).toBeLessThan(200)
  })

  test('of an object of another class is refused at once', async () => {
    const other: DurableNamespace = {
      idFromName: (name) => name,
      get: () => ({ fetch: async () => new Response(null, { status: 404 }) }),
    }
    const failure = (await rejection(durableLock(other)('name', async () => 'never'))) as ImsError
    expect([failure.code, failure.message]).toEqual(['BAD_OPTION', expect.stringContaining('ImsLock')])
  })

  test('has its lease as a property, and lets a caller wait longer than the lease of a dead holder', async () => {
    const { namespace } = await objects()
    expect(durableLock(namespace).lease).toBe(10_000)
    expect(durableLock(namespace, { lease: 30_000 }).lease).toBe(30_000)
    for (const wrong of [{ lease: 9_999 }, { wait: 49_999 }, { lease: 30_000, wait: 60_000 }, { lease: Number.NaN }])
      expect(() => durableLock(namespace, wrong)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })

  test('with wrong options is refused when it is created', async () => {
    const { namespace } = await objects()
    for (const make of [
      () => durableLock(undefined as never),
      () => durableStore({} as never),
      () => durableLock(namespace, { lease: 0 }),
      () => durableLock(namespace, { wait: Number.NaN }),
      () => durableLock(namespace, { lease: '20000' as never }),
    ])
      expect(make).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })
})

describe('a holder that lost the lock', () => {
  /** `late` holds the lock and is disconnected until its lease has expired; then `next` does the same work. */
  async function overtaken(
    objects: { namespace: DurableNamespace; object: string },
    late: Parameters<typeof durableLock>[0] & { cut: boolean },
    work: {
      late: ReturnType<typeof durableLock>
      next: ReturnType<typeof durableLock>
      write: () => Promise<void>
    },
  ) {
    const end = gate()
    const entered = gate()
    let failure: unknown
    let ticket: string | undefined
    const done = work.late('imskit/tokens/x', async ({ id, stillHeld }) => {
      ticket = id
      entered.open()
      await end.opened
      failure = await rejection(work.write())
      expect(await stillHeld()).toBe(false)
    })
    await entered.opened
    late.cut = true
    // the end of its lease, brought forward
    const ended = { name: 'imskit/tokens/x', ticket, lease: -1 }
    expect(await say(objects.namespace, objects.object, 'extend', ended)).toEqual({ held: true })
    await work.next('imskit/tokens/x', async () => {})
    late.cut = false
    end.open()
    await done
    return failure as ImsError
  }

  test('overwrites nothing that the next holder has written in the object', async () => {
    const { namespace } = await objects()
    const wired = line(namespace)
    const late = durableTokens(wired)
    const next = durableTokens(namespace)
    const key = 'imskit/tokens/x'
    const failure = await overtaken({ namespace, object: 'imskit' }, wired, {
      late: late.lock,
      next: Object.assign(
        ((name, task, signal) =>
          next.lock(
            name,
            async (hold) => {
              await next.store.set(key, 'new')
              return task(hold)
            },
            signal,
          )) as typeof next.lock,
        next.lock,
      ),
      write: () => late.store.set(key, 'old'),
    })
    expect([failure.code, await durableStore(namespace).get(key)]).toEqual(['STORE_FAILED', 'new'])
  })

  test('does not restore what the next holder has deleted', async () => {
    const { namespace } = await objects()
    const message = { key: 'k', value: 'old', fence: 1 }
    expect(await say(namespace, 'imskit', 'set', message)).toEqual({ written: true })
    expect(await say(namespace, 'imskit', 'delete', { key: 'k', fence: 2 })).toEqual({ written: true })
    expect(await say(namespace, 'imskit', 'set', message)).toEqual({ written: false })
    expect(await say(namespace, 'imskit', 'delete', { key: 'k', fence: 1 })).toEqual({ written: false })
    expect(await durableStore(namespace).get('k')).toBeUndefined()
    expect(await say(namespace, 'imskit', 'set', { ...message, fence: 3 })).toEqual({ written: true })
  })

  test('writes nothing to KV', async () => {
    const { namespace, kv } = await objects()
    const wired = line(namespace)
    const lock = durableLock(wired)
    const { store } = workerPlatform({ kv, lock })
    const failure = await overtaken({ namespace, object: 'imskit/tokens/x' }, wired, {
      late: lock,
      next: durableLock(namespace),
      write: () => store.set('imskit/tokens/x', 'old'),
    })
    expect([failure.code, await kvStore(kv).get('imskit/tokens/x')]).toEqual(['STORE_FAILED', undefined])
  })
})

test('values outlive the object', async () => {
  const persist = mkdtempSync(join(tmpdir(), 'imskit-objects-'))
  onTestFinished(() => rmSync(persist, { recursive: true }))
  const first = await keptObjects(persist)
  await durableStore(first.namespace).set('key', { refreshToken: 'r' })
  await first.end()
  const { namespace } = await keptObjects(persist)
  expect(await durableStore(namespace).get('key')).toEqual({ refreshToken: 'r' })
  expect(await durableStore(namespace, { object: 'another' }).get('key')).toBeUndefined()
})

test('an object answers no unknown message', async () => {
  const { namespace } = await objects()
  for (const verb of ['constructor', 'toString', 'alarm', ''])
    expect(
      (await namespace.get(namespace.idFromName('x')).fetch(`https://x/${verb}`, { method: 'POST', body: '{}' }))
        .status,
    ).toBe(404)
})

test('an object removes expired entries, and retains the others', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) })
  onTestFinished(() => void vi.useRealTimers())
  const entries = new Map<string, unknown>()
  let alarm: number | null = null
  const storage = {
    get: async (key: string) => entries.get(key),
    put: async (key: string, value: unknown) => void entries.set(key, value),
    delete: async (key: string) => entries.delete(key),
    list: async ({ prefix }: { prefix: string }) => new Map([...entries].filter(([key]) => key.startsWith(prefix))),
    getAlarm: async () => alarm,
    setAlarm: async (at: number) => {
      alarm = at
    },
  } as DurableStorage
  const object = new ImsLock({ storage })
  const ask = (verb: string, message: object) =>
    object.fetch(new Request(`https://x/${verb}`, { method: 'POST', body: JSON.stringify(message) }))
  const day = 86_400_000
  await ask('acquire', { name: 'lock', ticket: 't', lease: 1_000, patience: 1 })
  await ask('set', { key: 'ends', value: 1, expiresAt: Date.now() + 1_000 })
  await ask('set', { key: 'endless', value: 1 })
  await ask('set', { key: 'deleted', value: 1 })
  await ask('delete', { key: 'deleted' })
  expect([alarm, entries.size]).toEqual([Date.now() + day, 4])
  vi.setSystemTime(Date.now() + 2 * day)
  await object.alarm()
  expect([...entries.keys()]).toEqual(['value:endless'])
  expect(alarm).toBe(Date.now() + day)
})
