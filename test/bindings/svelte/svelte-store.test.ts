// @vitest-environment happy-dom
import { fromStore, get } from 'svelte/store'
import { beforeEach, expect, test, vi } from 'vitest'
import { createIms } from '../../../src/bindings/svelte/index.ts'
import type { LoginClient } from '../../../src/core/index.ts'
import { arrive, newClient } from '../app.ts'

beforeEach(() => history.replaceState(null, '', '/'))

test('is a store: calls at once, then after each change, until it is unsubscribed', async () => {
  const client = newClient()
  const ims = createIms(client)
  const seen: string[] = []
  const unsubscribe = ims.subscribe(({ status }) => seen.push(status))
  expect(seen).toEqual(['unknown'])
  await expect.poll(() => seen.at(-1)).toBe('signedOut')
  await ims.login()
  await expect.poll(() => seen.at(-1)).toBe('signedIn')
  expect(get(ims)).toMatchObject({ status: 'signedIn', claims: { name: 'Sample User' } })
  expect(fromStore(ims).current.status).toBe('signedIn')
  unsubscribe()
  const calls = seen.length
  await client.forget()
  await expect.poll(() => get(ims).status).toBe('signedOut')
  expect(seen).toHaveLength(calls)
})

test('handles a callback once it is created', async () => {
  const client = newClient()
  await arrive(client, '/inbox')
  const onRedirect = vi.fn()
  const ims = createIms(client, { onRedirect })
  await expect.poll(() => onRedirect.mock.calls).toMatchObject([[{ status: 'signedIn', returnTo: '/inbox' }]])
  await expect.poll(() => get(ims).status).toBe('signedIn')
})

test('shows the unknown session on a server, and does nothing there', async () => {
  vi.stubGlobal('document', undefined)
  const never = () => {
    throw new Error('called')
  }
  const ims = createIms({ ...newClient(), session: { get: never, subscribe: never }, handleRedirect: never })
  expect(get(ims)).toMatchObject({ status: 'unknown' })
  await expect(ims.getToken()).rejects.toMatchObject({ code: 'BAD_OPTION' })
  vi.unstubAllGlobals()
})

test('refuses something else than a client, and an option that does not exist', () => {
  const badOption = expect.objectContaining({ code: 'BAD_OPTION' })
  expect(() => createIms({} as LoginClient)).toThrow(badOption)
  expect(() => createIms(newClient(), { onredirect: 1 } as object)).toThrow(badOption)
})
