import { expect, onTestFinished, test } from 'vitest'
import { type EmulatorOptions, startEmulator } from '../../../src/emulator/index.ts'
import { askAtOnce, createVisitor } from '../visitor.ts'
import { startWorker } from '../workerd.ts'

async function startSite({ inKv = true, ...options }: EmulatorOptions & { inKv?: boolean } = {}) {
  const emulator = await startEmulator({ autoLogin: 'user@example.com', ...options })
  onTestFinished(() => emulator.close())
  const { client_id: clientId, client_secret: clientSecret, endpoint } = emulator.contexts.oauth
  const sessionSecret = 'a secret of the tests with more than 32 bytes'
  const bindings = { site: { clientId, clientSecret, endpoint, sessionSecret }, inKv }
  const worker = await startWorker({ fixture: 'bff-worker', bindings })
  return { emulator, worker, visitor: () => createVisitor(worker.url.origin) }
}

test('the cookie is small and the tokens are in KV, until they expire or the user signs out', async () => {
  const { worker, visitor } = await startSite()
  const browser = visitor()
  await browser.signIn()
  const session = [...browser.jar].filter(([name]) => name.startsWith('imskit-session'))
  expect(session).toHaveLength(1)
  expect(session[0]?.[1].length).toBeLessThan(1_000)
  const kv = await worker.miniflare.getKVNamespace('KV')
  const tokenKeys = async () => (await kv.list()).keys.filter(({ name }) => name.includes('tokens'))
  const kept = await tokenKeys()
  expect(kept).toHaveLength(1)
  for (const { expiration } of (await kv.list()).keys) expect(expiration).toBeGreaterThan(Date.now() / 1000)
  await browser.call('/auth/logout', { method: 'POST' })
  expect(await tokenKeys()).toEqual([])
})

test('KV that fails on reading signs no user out, and on writing signs no user in', async () => {
  const { worker, visitor } = await startSite()
  const [browser, late] = [visitor(), visitor()]
  const breaking = async (what: string) => void (await fetch(new URL(`/break?what=${what}`, worker.url)))
  await browser.signIn()
  const names = [...browser.jar.keys()]
  await breaking('read')
  for (const path of ['/auth/session', '/token-length'])
    expect([path, (await browser.ask(path)).status >= 500]).toEqual([path, true])
  const answer = await browser.ask('/auth/session')
  expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true])
  expect([...browser.jar.keys()]).toEqual(names)
  await breaking('')
  expect((await browser.session()).signedIn).toBe(true)
  const callback = await late.goToIms()
  await breaking('write')
  expect((await late.comeBack(callback)).status).toBe(503)
  await breaking('')
  expect((await late.session()).signedIn).toBe(false)
})

test.each([true, false])(
  'many requests with one token that is about to expire share one renewal in their isolate (in KV: %s)',
  async (inKv) => {
    const lifetime = 2_000
    const { emulator, visitor } = await startSite({ inKv, accessTokenLifetime: lifetime })
    const browser = visitor()
    await browser.signIn()
    const { answers, renewals, most } = await askAtOnce(emulator, { browser, lifetime })
    expect(new Set(answers)).toEqual(new Set([200]))
    expect(new Set(renewals)).toEqual(new Set([200]))
    expect(renewals.length).toBeLessThanOrEqual(most)
  },
)
