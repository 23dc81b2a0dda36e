import { onTestFinished } from 'vitest'
import {
  type AuthHandler,
  type AuthHandlerOptions,
  authorizationCode,
  createAuthHandler,
  systemClock,
} from '../../../src/adapters/worker/index.ts'
import { type EmulatorOptions, type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { createVisitor, type Visitor } from '../visitor.ts'

export const origin = 'https://app.example'
export const secret = 'a secret of the tests with more than 32 bytes'
const clientSecret = 'p8e-client-secret-of-the-site'

export interface Setting {
  readonly emulator: RunningEmulator
  readonly auth: AuthHandler
  /** Another browser, at a handler with other options if there are any. */
  visitor(options?: Partial<AuthHandlerOptions>): Visitor
  /** Turns the clocks of both sides. */
  pass(ms: number): void
}

/** A site at `https://app.example` and an IMS that signs users in without interaction; both with one clock. */
export async function setting(options: Partial<AuthHandlerOptions> = {}, ims: EmulatorOptions = {}): Promise<Setting> {
  let ahead = 0
  const now = () => Date.now() + ahead
  const client = { clientId: 'site', clientSecrets: [clientSecret], redirectUris: [`${origin}/auth/callback`] }
  const emulator = await startEmulator({ autoLogin: 'user@example.com', clients: [client], now, ...ims })
  onTestFinished(() => emulator.close())
  const flow = authorizationCode({ clientId: 'site', clientSecret, scopes: ['openid', 'profile', 'offline_access'] })
  const clock = { ...systemClock, now }
  const base = { flow, sessionSecret: secret, origin, endpoint: emulator.url, clock, ...options }
  const auth = createAuthHandler(base)
  return {
    emulator,
    auth,
    pass(ms) {
      ahead += ms
    },
    visitor(other) {
      const handler = other === undefined ? auth : createAuthHandler({ ...base, ...other })
      return createVisitor(origin, (url, init) => handler(new Request(url, init)))
    },
  }
}
