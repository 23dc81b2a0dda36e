import { afterEach, expect } from 'vitest'
import {
  createClient,
  type Hold,
  type Json,
  type Lock,
  type LoginClient,
  processLock,
} from '../../../src/core/index.ts'
import { autoRedirect, day, hour, publicFlow, settled } from '../setting.ts'
import { type Stage, stage } from '../stage.ts'

/** A stage on which a user signs in and processes share the session. */
export interface World extends Stage {
  /** A client whose user has signed in; nothing is counted yet. */
  signedIn(more?: object): Promise<LoginClient>
  /** Another process: a client of its own over the same platform. */
  other(more?: object): LoginClient
  /** The refresh tokens that were sent, in order. */
  sent(): (string | null)[]
  /** `work`, while time goes on. */
  during<T>(work: Promise<T>, limit?: number): Promise<T>
  /** Lets `ms` go by, and everything run that this wakes. */
  pass(ms: number): Promise<void>
  note(): Promise<Record<string, Json> | undefined>
}

export function world(): World {
  const it = stage() as World
  afterEach(() => {
    // every refresh token is worth one request, but for those whose answer a test took away
    const tokens = it.sent().filter((token) => token !== null)
    expect.soft(new Set(tokens).size).toBe(tokens.length)
  })
  const make = (more: object = {}) => createClient({ flow: publicFlow(it.emulator), ...it.on, ...more })
  return Object.assign(it, {
    other: make,
    async signedIn(more: object = {}) {
      const client = make({ redirect: autoRedirect(it.emulator), ...more })
      await client.login()
      it.on.fetch.sent.length = 0
      it.on.events.length = 0
      return client
    },
    sent: () =>
      it.on.fetch.sent
        .filter(({ url }) => url.includes('/ims/token'))
        .map(({ init }) => new URLSearchParams(String(init.body)).get('refresh_token')),
    async during<T>(work: Promise<T>, limit = 200_000) {
      let done = false
      const end = work.then(
        () => {
          done = true
        },
        () => {
          done = true
        },
      )
      const step = 1_000
      for (let passed = 0; passed <= limit; passed += step) {
        // keys and digests are computed off the main thread, which takes turns of the real loop
        await settled()
        if (done) break
        await it.clock.advance(step)
      }
      if (!done) throw new Error(`still not settled after ${limit} ms`)
      await end
      return work
    },
    async pass(ms: number) {
      await settled()
      for (let passed = 0; passed < ms; passed += 1_000) {
        await it.clock.advance(Math.min(1_000, ms - passed))
        await settled()
      }
    },
    async note() {
      const [key] = await it.on.store.keys('imskit/renewals/')
      return key === undefined ? undefined : ((await it.on.store.get(key)) as Record<string, Json>)
    },
  } satisfies Omit<World, keyof Stage>)
}

/** Moves the clock to where the access token has expired, or is about to. */
export const expire = ({ clock }: World) => clock.set(clock.now() + day + 1)
export const nearExpiry = ({ clock }: World, left = 5 * 60_000) => clock.set(clock.now() + day - left)
export { day, hour }

/** A lock of one process whose answers a test decides. */
export function lockSaying(hold: Partial<Hold>): Lock {
  const lock = processLock()
  return (name, task, signal) => lock(name, (mine) => task({ ...mine, ...hold }), signal)
}
