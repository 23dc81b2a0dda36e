import type { EmulatorClock } from './clock.ts'
import type { ClientRegistry } from './registry/clients.ts'
import type { Sessions } from './registry/sessions.ts'
import type { UserDirectory } from './registry/users.ts'
import type { KeyRing } from './tokens/keys.ts'
import type { TokenLedger } from './tokens/token-ledger.ts'

/** Everything the endpoints share: what the emulator knows and was told to do. */
export interface Provider {
  /** Base URL without a trailing slash. */
  readonly endpoint: string
  /** `iss` of ID tokens. */
  readonly issuer: string
  readonly clock: EmulatorClock
  readonly clients: ClientRegistry
  readonly users: UserDirectory
  readonly keys: KeyRing
  readonly tokens: TokenLedger
  readonly sessions: Sessions
  /** Who signs in and consents without being asked. */
  readonly autoLogin: string | undefined
  /** In ms. */
  readonly lifetimes: { readonly accessToken: number; readonly refreshToken: number; readonly code: number }
  readonly tokenErrorRedirects: 'unversioned' | 'all' | 'none'
  readonly jwtSignatureError: 'invalid_token' | 'invalid_signature'
  /** Of JWT assertions, each after the id of its client. */
  readonly usedJtis: Set<string>
  /** Whether access tokens are random strings instead of JWTs. */
  readonly opaqueTokens: boolean
}
