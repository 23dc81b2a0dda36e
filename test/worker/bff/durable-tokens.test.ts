import { expect, onTestFinished, test } from 'vitest'
import { startEmulator } from '../../../src/emulator/index.ts'
import { askAtOnce, createVisitor, type Send } from '../visitor.ts'
import { startWorker } from '../workerd.ts'

const lifetime = 2_000

/** A backend in two isolates of workerd, which share their bindings and no memory; IMS takes a refresh token once. */
async function twoIsolates() {
  const emulator = await startEmulator({ autoLogin: 'user@example.com', accessTokenLifetime: lifetime })
  onTestFinished(() => emulator.close())
  const { client_id: clientId, client_secret: clientSecret, endpoint } = emulator.contexts.oauth
  const sessionSecret = 'a secret of the tests with more than 32 bytes'
  const worker = await startWorker({
    fixture: 'bff-durable',
    bindings: { site: { clientId, clientSecret, endpoint, sessionSecret } },
    durableObjects: { LOCK: 'ImsLock' },
    isolates: 2,
  })
  const send = worker.fetch as unknown as Send
  return { emulator, browser: createVisitor(worker.url.origin, send) }
}

test('many requests of one session in two isolates redeem each refresh token once (S40)', async () => {
  const { emulator, browser } = await twoIsolates()
  await browser.signIn()
  // the second renewal redeems what the first has brought, whichever isolate it was
  for (let renewal = 0; renewal < 2; renewal++) {
    const { answers, renewals, most } = await askAtOnce(emulator, { browser, lifetime })
    expect(new Set(answers)).toEqual(new Set([200]))
    // a refresh token that is used again is refused
    expect(new Set(renewals)).toEqual(new Set([200]))
    expect(renewals.length).toBeLessThanOrEqual(most)
  }
})
