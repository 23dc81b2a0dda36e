import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { open, running, useBrowser } from '../browser.ts'
import { type Site, startSite } from '../site.ts'

const config = { clientId: 'none', endpoint: 'http://127.0.0.1:9', issuers: [], scopes: ['openid'] }
const newContext = useBrowser()
let site: Site

beforeAll(async () => {
  site = await startSite(config)
})
afterAll(() => site.close())

const openPage = async () => open(await newContext(), site.origin)

describe('contracts, in a browser', () => {
  test.each(['indexedDbStore', 'sessionStore', 'webLock'] as const)('%s', async (name) => {
    const page = await openPage()
    const results = await page.evaluate(async (name) => {
      const { imskit, testing } = window
      const checks: [string, () => Promise<void>][] = []
      const collect = (title: string, run: () => Promise<void>) => void checks.push([title, run])
      if (name === 'webLock') testing.lockContract(collect, { makeLock: () => imskit.webLock() })
      else testing.storeContract(collect, { makeStore: () => imskit[name]() })
      const results: Record<string, string> = {}
      for (const [title, run] of checks)
        results[title] = await run().then(
          () => 'ok',
          (error: unknown) => String(error),
        )
      return results
    }, name)
    expect(Object.keys(results).length).toBeGreaterThan(4)
    expect(Object.entries(results).filter(([, result]) => result !== 'ok')).toEqual([])
  })
})

/** Everything in the database, bytes as text. */
function rawDatabase(page: Page): Promise<{ keys: string[]; text: string; extractable: boolean | undefined }> {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('imskit')
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const entries = opening.result.transaction('entries').objectStore('entries')
          const [keys, values] = [entries.getAllKeys(), entries.getAll()]
          values.onsuccess = () => {
            opening.result.close()
            const key = values.result.find((value) => value instanceof CryptoKey) as CryptoKey | undefined
            const decoded = (_: string, value: unknown) => {
              const buffer = value instanceof ArrayBuffer || ArrayBuffer.isView(value)
              return buffer ? new TextDecoder('latin1').decode(value) : value
            }
            resolve({
              keys: keys.result.map(String),
              text: JSON.stringify(values.result, decoded),
              extractable: key?.extractable,
            })
          }
        }
      }),
  )
}

describe('indexedDbStore', () => {
  test('encrypts values with a key that cannot be exported (S51)', async () => {
    const page = await openPage()
    const back = await page.evaluate(async () => {
      const store = window.imskit.indexedDbStore()
      await store.set('a', { accessToken: 'canary-in-the-database' })
      // another page has no key in memory
      return window.imskit.indexedDbStore().get('a')
    })
    expect(back).toEqual({ accessToken: 'canary-in-the-database' })
    const raw = await rawDatabase(page)
    expect(raw.keys).toEqual(['#key', 'a'])
    expect(raw.extractable).toBe(false)
    expect(raw.text).not.toContain('canary')
  })

  test('treats an entry that was changed, moved or encrypted with another key as missing, and can be written again (S98)', async () => {
    const page = await openPage()
    const results = await page.evaluate(async () => {
      const { indexedDbStore } = window.imskit
      await indexedDbStore().set('a', 'first')
      const edit = (change: (entries: IDBObjectStore, entry: { encrypted: ArrayBuffer; version: number }) => void) =>
        new Promise<void>((resolve) => {
          const opening = indexedDB.open('imskit')
          opening.onsuccess = () => {
            const transaction = opening.result.transaction('entries', 'readwrite')
            const entries = transaction.objectStore('entries')
            const reading = entries.get('a')
            reading.onsuccess = () => change(entries, reading.result)
            transaction.oncomplete = () => {
              opening.result.close()
              resolve()
            }
          }
        })
      const results: unknown[] = []
      const damages: Parameters<typeof edit>[0][] = [
        (entries, entry) => entries.put({ ...entry, encrypted: new ArrayBuffer(32) }, 'a'),
        (entries, entry) => entries.put({ ...entry, version: 0 }, 'a'),
        (entries, entry) => entries.put({ ...entry, iv: 'x' }, 'a'),
        (entries) => entries.put('text', 'a'),
        (entries) => entries.put(null, 'a'),
        (entries) => entries.delete('#key'),
        (entries) => entries.put('no key', '#key'),
      ]
      for (const damage of damages) {
        await edit(damage)
        results.push((await indexedDbStore().get('a')) ?? null)
        await indexedDbStore().set('a', 'again')
        results.push((await indexedDbStore().get('a')) ?? null)
      }
      await edit((entries, entry) => entries.put(entry, 'b'))
      results.push((await indexedDbStore().get('b')) ?? null)
      return results
    })
    expect(results).toEqual([...Array(7).fill([null, 'again']).flat(), null])
  })

  test('continues if the browser or another tab deletes the site data meanwhile', async () => {
    const page = await openPage()
    const write = (value: string) =>
      page.evaluate(async (value) => {
        const before = await window.app.platform.store.get('a')
        await window.app.platform.store.set('a', value)
        return [before ?? null, await window.app.platform.store.get('a')]
      }, value)
    expect(await write('first')).toEqual([null, 'first'])
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' })
    expect(await write('second')).toEqual([null, 'second'])
    const other = await open(page.context(), site.origin)
    await other.evaluate(
      () =>
        new Promise<void>((resolve, reject) => {
          const deleting = indexedDB.deleteDatabase('imskit')
          deleting.onsuccess = () => resolve()
          deleting.onblocked = () => reject(new Error('blocked'))
        }),
    )
    expect(await write('third')).toEqual([null, 'third'])
    expect(await page.evaluate(() => window.app.events)).toEqual([])
  })

  test('tabs that start at the same time share one key', async () => {
    const context = await newContext()
    const pages = await Promise.all([0, 1, 2].map(() => open(context, site.origin)))
    await Promise.all(
      pages.map((page, index) => page.evaluate((name) => window.app.platform.store.set(name, name), `${index}`)),
    )
    const read = (page: Page) => page.evaluate(() => Promise.all(['0', '1', '2'].map(window.app.platform.store.get)))
    expect(await Promise.all(pages.map(read))).toEqual(Array(3).fill(['0', '1', '2']))
  })

  test('reports an entry that can never be read, once, and nothing for one that is absent or has expired', async () => {
    const page = await openPage()
    const events = await page.evaluate(async () => {
      const { store } = window.app.platform
      await store.set('a', 'value')
      await store.set('old', 'value', Date.now() - 1)
      const missing = [await store.get('old'), await store.get('absent')]
      const before = window.app.events.length
      const opening = indexedDB.open('imskit')
      await new Promise<void>((resolve) => {
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('entries', 'readwrite')
          transaction.objectStore('entries').delete('#key')
          transaction.oncomplete = () => {
            opening.result.close()
            resolve()
          }
        }
      })
      // a page that is loaded later has no key in memory
      const later = window.imskit.browserPlatform()
      const events: unknown[] = []
      later.report?.((event) => events.push(event))
      const unreadable = [await later.store.get('a'), await later.store.get('a')]
      return { missing, before, unreadable, events }
    })
    expect(events).toMatchObject({
      missing: [undefined, undefined],
      before: 0,
      unreadable: [undefined, undefined],
      events: [{ type: 'store-degraded', reason: 'unreadable entry' }],
    })
  })

  const unknown: Record<string, () => () => void> = {
    'cannot be opened for now': () => {
      const original = IDBFactory.prototype.open
      IDBFactory.prototype.open = function open(name) {
        const opening = original.call(this, name, 5)
        opening.addEventListener('upgradeneeded', (event) => {
          event.stopImmediatePropagation()
          opening.transaction?.abort()
        })
        return opening
      }
      return () => {
        IDBFactory.prototype.open = original
      }
    },
    'cannot be read for now': () => {
      const original = IDBObjectStore.prototype.get
      IDBObjectStore.prototype.get = () => {
        throw new DOMException('Internal error', 'UnknownError')
      }
      return () => {
        IDBObjectStore.prototype.get = original
      }
    },
  }
  test.each(Object.keys(unknown))(
    'says that it does not know while the database %s, and not that it is empty',
    async (name) => {
      const page = await openPage()
      await page.evaluate(() => window.app.platform.store.set('a', 'there'))
      await page.reload()
      await running(page)
      await page.evaluate(`window.restore = (${unknown[name]})()`)
      const get = () => page.evaluate(() => window.outcome(window.app.platform.store.get('a')))
      for (let call = 0; call < 2; call++)
        expect(await get()).toMatchObject({ error: { code: 'STORE_FAILED', name: 'UnavailableError' } })
      await page.evaluate('window.restore()')
      expect(await get()).toEqual({ ok: 'there' })
      expect(await page.evaluate(() => window.app.events)).toEqual([])
    },
  )

  test('does not turn to memory while another tab blocks the database', async () => {
    const page = await openPage()
    const blocker = await open(page.context(), site.origin)
    await page.evaluate(() => window.app.platform.store.set('a', 'there'))
    // a connection that does not give way to an upgrade, and everything after waits for that
    await blocker.evaluate(async () => {
      const connection = indexedDB.open('imskit')
      await new Promise((resolve) => {
        connection.onsuccess = resolve
      })
      const upgrade = indexedDB.open('imskit', 2)
      await new Promise((resolve) => {
        upgrade.onblocked = resolve
      })
      const done = new Promise<void>((resolve) => {
        upgrade.onsuccess = () => {
          upgrade.result.close()
          resolve()
        }
      })
      Object.assign(window, {
        giveWay: () => {
          connection.result.close()
          return done
        },
      })
    })
    await page.reload()
    await running(page)
    const get = () => page.evaluate(() => window.outcome(window.app.platform.store.get('a')))
    await page.evaluate(() => {
      const original = setTimeout
      // the patience of a call passes at once
      Object.assign(window, { setTimeout: (run: () => void, ms: number) => original(run, ms === 5_000 ? 50 : ms) })
    })
    for (let call = 0; call < 2; call++) expect(await get()).toMatchObject({ error: { code: 'STORE_FAILED' } })
    await blocker.evaluate('window.giveWay()')
    await expect.poll(get).toEqual({ ok: 'there' })
    expect(await page.evaluate(() => window.app.events)).toEqual([])
  })

  const denied: Record<string, () => void> = {
    'throws on open': () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('denied', 'SecurityError')
      }
    },
    'cannot be written': () => {
      const original = IDBDatabase.prototype.transaction
      IDBDatabase.prototype.transaction = function transaction(names, mode) {
        if (mode === 'readwrite') throw new DOMException('read only', 'ReadOnlyError')
        return original.call(this, names, mode)
      }
    },
    'is absent': () => {
      Object.defineProperty(globalThis, 'indexedDB', { value: undefined })
    },
  }
  test.each(Object.keys(denied))('falls back to memory if the database %s, and reports that once', async (name) => {
    const context: BrowserContext = await newContext()
    await context.addInitScript(denied[name] as () => void)
    const page = await open(context, site.origin)
    const result = await page.evaluate(async () => {
      const { store } = window.app.platform
      await store.set('a', 1)
      await store.set('b', 2, Date.now() - 1)
      const late: string[] = []
      window.app.platform.report?.((event) => void late.push(event.type))
      return { values: [await store.get('a'), await store.keys('')], events: window.app.events, late }
    })
    expect(result.values).toEqual([1, ['a']])
    expect(result.events).toMatchObject([{ type: 'store-degraded', reason: expect.any(String) }])
    expect(result.late).toEqual(['store-degraded'])
  })

  test('reports that a value cannot be written, without the value', async () => {
    const page = await openPage()
    const result = await page.evaluate(async () => {
      const { store } = window.app.platform
      await store.set('a', 'before')
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('no room for canary', 'QuotaExceededError')
      }
      return [await window.outcome(store.set('a', 'canary')), await store.get('a')]
    })
    expect(result).toEqual([
      { error: expect.objectContaining({ code: 'STORE_FAILED', name: 'UnavailableError' }) },
      'before',
    ])
  })
})

test('sessionStore works in memory if the storage is denied or full, and removes the oldest of many entries', async () => {
  const page = await openPage()
  const run = () =>
    page.evaluate(async () => {
      const store = window.imskit.sessionStore({ most: 3 })
      for (const name of ['1', '2', '3', '4', '5']) {
        await store.set(`imskit/${name}`, name)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      return (await store.keys('imskit/')).sort()
    })
  expect(await run()).toEqual(['imskit/3', 'imskit/4', 'imskit/5'])
  await page.evaluate(() => {
    sessionStorage.clear()
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  expect(await run()).toEqual(['imskit/3', 'imskit/4', 'imskit/5'])
  await page.evaluate(() => {
    Object.defineProperty(globalThis, 'sessionStorage', {
      get() {
        throw new DOMException('denied', 'SecurityError')
      },
    })
  })
  expect(await run()).toEqual(['imskit/3', 'imskit/4', 'imskit/5'])
})

test('sessionStore rejects if the storage cannot be read, and ignores what is damaged', async () => {
  const page = await openPage()
  const results = await page.evaluate(async () => {
    const store = window.imskit.sessionStore()
    await store.set('a', 'there')
    sessionStorage.setItem('damaged', '{')
    const original = Storage.prototype.getItem
    const damaged = await store.get('damaged')
    Storage.prototype.getItem = () => {
      throw new DOMException('corrupted', 'NS_ERROR_FILE_CORRUPTED')
    }
    const failed = await window.outcome(store.get('a'))
    Storage.prototype.getItem = original
    return [damaged, failed, await store.get('a')]
  })
  expect(results).toEqual([
    undefined,
    { error: expect.objectContaining({ code: 'STORE_FAILED', name: 'UnavailableError' }) },
    'there',
  ])
})

test('sessionStore works in memory in a web view without storage', async () => {
  const page = await openPage()
  const back = await page.evaluate(async () => {
    Object.defineProperty(globalThis, 'sessionStorage', { value: null })
    const store = window.imskit.sessionStore()
    await store.set('a', 'kept')
    return [await store.get('a'), await store.keys('')]
  })
  expect(back).toEqual(['kept', ['a']])
})
