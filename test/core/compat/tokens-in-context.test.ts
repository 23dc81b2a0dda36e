import { expect, test } from 'vitest'
import type { ContextStore, PreparedTokens, TokenPatch } from '../../../src/core/compat/contexts.ts'
import { tokensInContext } from '../../../src/core/compat/tokens-in-context.ts'
import { type Json, memoryStore, type Store, storedContexts, UnavailableError } from '../../../src/core/index.ts'

const rest = '{"client":"app"}'
const [tokensKey, noteKey] = [`imskit/tokens/${rest}`, `imskit/renewals/${rest}`]
const owner = { endpoint: 'https://ims.test', clientId: 'app', scopes: [] }
const note = { of: 'x', by: 'y', at: 1 }
const tokens = { accessToken: 'a', expiresAt: 2_000_000_000_000, refreshToken: 'r', scopes: null }
const failure = new UnavailableError('STORE_FAILED', 'The disk is full.')

interface Log {
  readonly events: string[]
  fail: boolean
}

/** Contexts in memory that say what becomes of what they prepared. */
function recorded(): { contexts: ContextStore; log: Log } {
  const log: Log = { events: [], fail: false }
  const contexts = storedContexts(memoryStore())
  async function prepareTokens(name: string): Promise<PreparedTokens> {
    if (log.fail) throw failure
    log.events.push('prepared')
    return {
      async write(patch: TokenPatch) {
        log.events.push('written')
        await contexts.writeTokens(name, patch)
      },
      discard: () => void log.events.push('discarded'),
    }
  }
  return { log, contexts: { ...contexts, prepareTokens } }
}

async function storeOf(notes: Store = memoryStore()) {
  const { contexts, log } = recorded()
  await contexts.write('user', { client_id: 'app' }, false)
  const store = tokensInContext({ contexts, name: 'user', owner, notes })
  return { store, log, notes, contexts }
}

test('a note goes to the store for notes, and tokens to their context', async () => {
  const { store, notes, contexts } = await storeOf()
  await store.set(noteKey, note, Date.now() + 60_000)
  await store.set(tokensKey, tokens)
  expect(await store.get(noteKey)).toEqual(note)
  expect(await store.get(tokensKey)).toMatchObject({ accessToken: 'a', refreshToken: 'r' })
  expect((await contexts.read('user')).data).toMatchObject({ client_id: 'app', access_token: { token: 'a' } })
  const [key = '', ...others] = await notes.keys('imskit/renewals/')
  expect(others).toEqual([])
  expect(await notes.get(key)).toEqual(note)
  await store.delete(noteKey)
  expect(await notes.keys('')).toEqual([])
  expect(await store.get(tokensKey)).toMatchObject({ accessToken: 'a' })
})

test('contexts of one client have notes of their own', async () => {
  const { store, notes, contexts } = await storeOf()
  await store.set(noteKey, note)
  const other = tokensInContext({ contexts, name: 'other', owner, notes })
  expect(await other.get(noteKey)).toBeUndefined()
})

test('a note is not written if the tokens that follow it could not be', async () => {
  const { store, log } = await storeOf()
  log.fail = true
  await expect(store.set(noteKey, note)).rejects.toBe(failure)
  log.fail = false
  expect(await store.get(noteKey)).toBeUndefined()
})

test('what a note has prepared is used once', async () => {
  const { store, log } = await storeOf()
  await store.set(noteKey, note)
  await store.set(tokensKey, tokens)
  await store.set(tokensKey, tokens)
  expect(log.events).toEqual(['prepared', 'written', 'discarded'])
})

test.each<[string, (store: Store) => Promise<void>]>([
  ['the renewal ended without tokens', (store) => store.set(noteKey, { ...note, ended: 'over' })],
  ['the note is removed', (store) => store.delete(noteKey)],
  ['the user signs out', (store) => store.delete(tokensKey)],
])('what a note has prepared is given back if %s', async (_, end) => {
  const { store, log } = await storeOf()
  await store.set(noteKey, note)
  await end(store)
  expect(log.events).toEqual(['prepared', 'discarded'])
})

test('what a note has prepared is given back if the note itself cannot be stored', async () => {
  const full: Store = { ...memoryStore(), set: () => Promise.reject(failure) }
  const { store, log } = await storeOf(full)
  await expect(store.set(noteKey, note)).rejects.toBe(failure)
  expect(log.events).toEqual(['prepared', 'discarded'])
})

test('a context or note that cannot be read is not an empty one', async () => {
  const unreadable: Store = { ...memoryStore(), get: () => Promise.reject(failure) as Promise<Json> }
  const store = tokensInContext({ contexts: storedContexts(unreadable), name: 'user', owner, notes: unreadable })
  for (const key of [tokensKey, noteKey]) await expect(store.get(key)).rejects.toBe(failure)
})
