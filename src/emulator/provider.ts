import type { EmulatorClock } from './clock.ts'
import type { ClientRegistry } from './registry/clients.ts'
import type { Registrations } from './registry/registrations.ts'
import type { Sessions } from './registry/sessions.ts'
import type { UserDirectory } from './registry/users.ts'
import type { KeyRing } from './tokens/keys.ts'
import type { TokenLedger } from './tokens/token-ledger.ts'

/** The state and the options that all endpoints share. */
export interface Provider {
  /** Base URL without a trailing slash. */
  readonly endpoint: string
  /** `iss` of ID tokens. */
  readonly issuer: string
  readonly clock: EmulatorClock
  readonly clients: ClientRegistry
  readonly registrations: Registrations
  readonly users: UserDirectory
  readonly keys: KeyRing
  readonly tokens: TokenLedger
  readonly sessions: Sessions
  /** Email address of the user who signs in and consents without a form. */
  readonly autoLogin: string | undefined
  /** In ms. */
  readonly lifetimes: {
    readonly accessToken: number
    readonly refreshToken: number
    readonly code: number
    readonly promiseToken: number
  }
  /** Why the last authorization request was not answered at its own redirect URI. */
  readonly unmatched: { last?: { readonly reason: string; readonly redirectUri: string | null } }
  readonly tokenErrorRedirects: 'unversioned' | 'all' | 'none'
  readonly jwtSignatureError: 'invalid_token' | 'invalid_signature'
  /** The `jti` claims of redeemed JWT assertions, each with the id of its client. */
  readonly usedJtis: Set<string>
  /** Whether access tokens are random strings instead of JWTs. */
  readonly opaqueTokens: boolean
  /** Whether a browser signs out by opening the logout URL. */
  readonly logoutByUrl: boolean
}
