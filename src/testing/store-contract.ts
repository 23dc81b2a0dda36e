import type { Json, Store } from '../core/ports.ts'
import { assert, assertSame, type Test } from './assert.ts'

export interface StoreContractOptions {
  /** A new store on the same medium each time, if `shared`; otherwise a new and empty one. */
  readonly makeStore: () => Store | Promise<Store>
  /** The store's clock in ms; default `Date.now`. Expiry is tested with times far in the past and future. */
  readonly now?: () => number
}

let runs = 0

/** What every {@link Store} must do. Takes the runner's `test`, so that it runs wherever the store does. */
export function storeContract(test: Test, { makeStore, now = Date.now }: StoreContractOptions): void {
  const prefix = `contract/${++runs}/${Math.floor(now())}/`
  const check = (name: string, run: (store: Store, key: string) => Promise<void>) =>
    test(`store: ${name}`, async () => run(await makeStore(), `${prefix}${name}`))

  check('has nothing under an unknown key', async (store, key) => {
    assertSame(await store.get(key), undefined, 'get of an unknown key')
  })
  check('gives back what was set', async (store, key) => {
    const values: Json[] = ['text', '', 0, -1.5, true, false, null, [], [1, [2]], { a: { b: [null, 'ü€😀'] } }]
    for (const value of values) {
      await store.set(key, value)
      assertSame(await store.get(key), value, 'get after set')
    }
  })
  check('keeps its own copy', async (store, key) => {
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
  check('drops what has expired', async (store, key) => {
    await store.set(key, 1, now() + 3_600_000)
    assertSame(await store.get(key), 1, 'get before expiry')
    await store.set(key, 2, now() - 1)
    assertSame(await store.get(key), undefined, 'get after expiry')
    assert(!(await store.keys(key)).includes(key), 'keys lists an expired entry')
  })
  check('set without expiry replaces one with', async (store, key) => {
    await store.set(key, 1, now() + 3_600_000)
    await store.set(key, 2)
    assertSame(await store.get(key), 2, 'get')
  })
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
  check('takes concurrent writes', async (store, key) => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.set(`${key}/${index}`, index)))
    for (let index = 0; index < 20; index++) assertSame(await store.get(`${key}/${index}`), index, `entry ${index}`)
  })
}
