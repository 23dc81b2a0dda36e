import type { Json, Store } from '../core/ports.ts'
import { assert, assertSame, checkContract, rejection, type Test } from './assert.ts'

export interface StoreContractOptions {
  /** A new store each time, on the same medium or on an empty one. */
  readonly makeStore: () => Store | Promise<Store>
  /** The store's clock in ms; default `Date.now`. Expiry is tested with times far in the past and future. */
  readonly now?: () => number
  /** For a store whose medium can fail: makes one whose medium has failed. */
  readonly makeFailing?: () => Store | Promise<Store>
  /** For a store whose entries can be damaged: damages what the medium holds for `key`, so that it can never be read. */
  readonly damage?: (key: string) => void | Promise<void>
}

type Check = (name: string, run: (store: Store, key: string) => Promise<void>) => void

let runs = 0

/** Checks what every {@link Store} must do. Takes the runner's `test`, so that it runs wherever the store does. */
export function storeContract(test: Test, options: StoreContractOptions): void {
  checkContract('storeContract', test, options)
  const { makeStore, now = Date.now, makeFailing, damage } = options
  const prefix = `contract/${++runs}/${Math.floor(now())}/`
  const check: Check = (name, run) => test(`store: ${name}`, async () => run(await makeStore(), `${prefix}${name}`))
  checkValues(check)
  checkExpiry(check, now)
  checkKeys(check)
  if (damage !== undefined) checkDamage(check, damage)
  if (makeFailing !== undefined)
    test('store: rejects with STORE_FAILED if its medium fails', async () =>
      checkFailure(await makeFailing(), `${prefix}failing`))
}

function checkValues(check: Check): void {
  check('has nothing under an unknown key', async (store, key) => {
    assertSame(await store.get(key), undefined, 'get of an unknown key')
  })
  check('returns what was set', async (store, key) => {
    const values: Json[] = ['text', '', 0, -1.5, true, false, null, [], [1, [2]], { a: { b: [null, 'ü€😀'] } }]
    for (const value of values) {
      await store.set(key, value)
      assertSame(await store.get(key), value, 'get after set')
    }
  })
  check('stores its own copy', async (store, key) => {
    const value = { list: [1] }
    await store.set(key, value)
    value.list.push(2)
    assertSame(await store.get(key), { list: [1] }, 'the caller changed its object after set')
    const read = (await store.get(key)) as { list: number[] }
    read.list.push(3)
    assertSame(await store.get(key), { list: [1] }, 'the caller changed what it got')
  })
  check('deletes, and deletes again', async (store, key) => {
    await store.set(key, 1)
    await store.delete(key)
    await store.delete(key)
    assertSame(await store.get(key), undefined, 'get after delete')
  })
  check('returns the last write at once, unless it says that it is eventually consistent', async (store, key) => {
    const { consistency } = store
    assert(consistency === undefined || consistency === 'eventual', 'consistency is `eventual` or absent')
    assertSame(await store.get(key), undefined, 'get before the first set')
    if (consistency === 'eventual') return
    for (let round = 0; round < 5; round++) {
      assertSame(await store.get(key), undefined, 'get before set')
      await store.set(key, { round, write: 'first' })
      assertSame(await store.get(key), { round, write: 'first' }, 'get after the first set')
      await store.set(key, { round, write: 'second' })
      assertSame(await store.get(key), { round, write: 'second' }, 'get after the second set')
      await store.delete(key)
    }
  })
  check('takes concurrent writes', async (store, key) => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.set(`${key}/${index}`, index)))
    for (let index = 0; index < 20; index++) assertSame(await store.get(`${key}/${index}`), index, `entry ${index}`)
  })
}

function checkExpiry(check: Check, now: () => number): void {
  check('drops what has expired', async (store, key) => {
    await store.set(key, 1, now() + 3_600_000)
    assertSame(await store.get(key), 1, 'get before expiry')
    await store.set(key, 2, now() - 1)
    assertSame(await store.get(key), undefined, 'get after expiry')
    assert(!(await store.keys(key)).includes(key), 'keys must not list an expired entry')
  })
  check('set without expiry replaces one with', async (store, key) => {
    await store.set(key, 1, now() + 3_600_000)
    await store.set(key, 2)
    assertSame(await store.get(key), 2, 'get')
  })
}

function checkKeys(check: Check): void {
  check('lists keys by prefix', async (store, key) => {
    const keys = [`${key}/a`, `${key}/b`, `${key}x`]
    for (const each of keys) await store.set(each, 1)
    assertSame((await store.keys(`${key}/`)).sort(), keys.slice(0, 2), 'keys')
    for (const each of keys) await store.delete(each)
    assertSame(await store.keys(`${key}/`), [], 'keys after delete')
  })
  check('takes any key', async (store, key) => {
    const odd = [
      `${key}["https://ims",{"a":1}]`,
      `${key}/../x`,
      `${key}:y z`,
      `${key}%2F.`,
      `${key}ü😀`,
      `${key}${'long'.repeat(100)}`,
    ]
    for (const [index, each] of odd.entries()) await store.set(each, index)
    for (const [index, each] of odd.entries()) assertSame(await store.get(each), index, `get of ${each}`)
    for (const each of odd) await store.delete(each)
  })
  check('__proto__ is a key like any other', async (store, key) => {
    await store.set(`${key}__proto__`, { polluted: true })
    assertSame(({} as { polluted?: boolean }).polluted, undefined, 'Object.prototype')
    assertSame(await store.get(`${key}__proto__`), { polluted: true }, 'get')
    assertSame(await store.get(`${key}constructor`), undefined, 'get of constructor')
  })
}

function checkDamage(check: Check, damage: NonNullable<StoreContractOptions['damage']>): void {
  check('has nothing where an entry is damaged, and can write it again', async (store, key) => {
    await store.set(key, { before: 'damage' })
    await damage(key)
    assertSame(await store.get(key), undefined, 'get of a damaged entry')
    await store.set(key, 'again')
    assertSame(await store.get(key), 'again', 'get after the entry was written again')
  })
}

async function checkFailure(store: Store, key: string): Promise<void> {
  const operations: Record<string, () => Promise<unknown>> = {
    get: () => store.get(key),
    set: () => store.set(key, 1),
    delete: () => store.delete(key),
    keys: () => store.keys(key),
  }
  for (const [name, run] of Object.entries(operations)) {
    const error = await rejection(run())
    assertSame((error as { code?: unknown } | undefined)?.code, 'STORE_FAILED', `code of the error from ${name}`)
  }
}
