import { ConfigurationError } from '../core/errors.ts'
import { createClock } from './clock.ts'
import type { RecordedRequest } from './http/journal.ts'
import type { Provider } from './provider.ts'
import { createReadyMade, type EmulatorContexts, readyMadeUsers } from './ready-made.ts'
import { createClientRegistry, type RegisteredClientOptions } from './registry/clients.ts'
import { createRegistrations } from './registry/registrations.ts'
import { createSessions } from './registry/sessions.ts'
import { createUserDirectory, type UserOptions } from './registry/users.ts'
import { createKeyRing } from './tokens/keys.ts'
import { createTokenLedger } from './tokens/token-ledger.ts'

/** Options of an emulator, all optional. */
export interface EmulatorOptions {
  /** Base URL of the emulator. Default `https://ims.test`, a name that never resolves. */
  readonly endpoint?: string
  /** `iss` of ID tokens. Default: `endpoint`. */
  readonly issuer?: string
  /** Clients in addition to the ready-made ones. */
  readonly clients?: readonly RegisteredClientOptions[]
  /** Who can sign in. Default: `user@example.com`. */
  readonly users?: readonly UserOptions[]
  /** Email address of the user who is signed in and consents without a form; created if `users` does not have it. */
  readonly autoLogin?: string
  /** Called with each request after it was answered, such as to print why it was refused. */
  readonly onRequest?: (request: RecordedRequest) => void
  /** Returns the current time, in ms since the epoch. Default `Date.now`. */
  readonly now?: () => number
  /** In ms. Default: 24 hours. */
  readonly accessTokenLifetime?: number
  /** In ms. Default: 14 days. */
  readonly refreshTokenLifetime?: number
  /** In ms. Default: 10 minutes. */
  readonly codeLifetime?: number
  /**
   * In ms. Default: 30 days, as recorded in adobe/ims-go#67; the fixtures of adobe/spacecat-shared have 4 hours.
   */
  readonly promiseTokenLifetime?: number
  /**
   * Whether opening `/ims/logout/v1` with `client_id` and `redirect_uri` signs the user out. Default: `true`, as in Adobe's
   * documentation, `aio login` and DA. With `false`, it requires a POST with `access_token` in the body, as reported in
   * ai-ecoverse/slicc.
   */
  readonly logoutByUrl?: boolean
  /** Whether access tokens are random strings instead of JWTs. Default: `false`. */
  readonly opaqueTokens?: boolean
  /** Scopes that the ready-made clients may request, in addition to those in Adobe's documentation and clients. */
  readonly scopes?: readonly string[]
  /**
   * Redirect URIs of the ready-made clients that sign users in, in addition to http and https on loopback: exact URIs, or
   * patterns that must match the whole URI.
   */
  readonly redirectUris?: readonly (string | RegExp)[]
  /**
   * Which token endpoints redirect errors to the `redirect_uri` of the request, if it has one, instead of returning JSON.
   * Such answers were recorded (dotnet/aspnetcore#32153), probably at the path without a version. Default: `unversioned`,
   * only `/ims/token`.
   */
  readonly tokenErrorRedirects?: 'unversioned' | 'all' | 'none'
  /**
   * The error for a JWT assertion that no key of its client verifies. Default: `invalid_token`, as recorded from the live
   * service (AdobeDocs/adobeio-auth#67); Adobe's documentation names `invalid_signature`.
   */
  readonly jwtSignatureError?: 'invalid_token' | 'invalid_signature'
}

const day = 86_400_000

function normalizeEndpoint(endpoint: string): string {
  if (!URL.canParse(endpoint)) {
    throw new ConfigurationError(
      'BAD_OPTION',
      'The endpoint of the emulator is not a URL. Use a URL such as http://127.0.0.1:8888.',
    )
  }
  let length = endpoint.length
  while (endpoint[length - 1] === '/') length--
  return endpoint.slice(0, length)
}

function checkLifetimes(lifetimes: Provider['lifetimes']): Provider['lifetimes'] {
  for (const [name, value] of Object.entries(lifetimes)) {
    if (Number.isInteger(value) && value > 0) continue
    throw new ConfigurationError('BAD_OPTION', `${name}Lifetime must be a positive whole number of milliseconds.`)
  }
  return lifetimes
}

/** The value of an option with a fixed set of values, the first of which is the default. */
function oneOf<Value extends string>(name: string, given: Value | undefined, known: readonly [Value, ...Value[]]) {
  if (given === undefined) return known[0]
  if (known.includes(given)) return given
  throw new ConfigurationError('BAD_OPTION', `${name} of the emulator must be ${known.join(' or ')}.`)
}

function usersWith(users: readonly UserOptions[], autoLogin: string | undefined): readonly UserOptions[] {
  const known = users.some(({ email }) => email.toLowerCase() === autoLogin?.toLowerCase())
  return autoLogin === undefined || known ? users : [...users, { ...readyMadeUsers[0], email: autoLogin }]
}

function checkKinds({ redirectUris = [], onRequest = () => {} }: EmulatorOptions): void {
  const isUri = (uri: unknown) => typeof uri === 'string' || uri instanceof RegExp
  if (!Array.isArray(redirectUris) || !redirectUris.every(isUri)) {
    throw new ConfigurationError(
      'BAD_OPTION',
      'The option redirectUris of the emulator must be an array of URIs as strings, or of patterns as RegExp.',
    )
  }
  if (typeof onRequest === 'function') return
  throw new ConfigurationError('BAD_OPTION', 'The option onRequest of the emulator must be a function.')
}

/** Applies the defaults of the options and generates the keys. */
export async function createProvider(
  options: EmulatorOptions,
): Promise<{ provider: Provider; contexts: EmulatorContexts }> {
  checkKinds(options)
  const endpoint = normalizeEndpoint(options.endpoint ?? 'https://ims.test')
  const lifetimes = checkLifetimes({
    accessToken: options.accessTokenLifetime ?? day,
    refreshToken: options.refreshTokenLifetime ?? 14 * day,
    code: options.codeLifetime ?? 600_000,
    promiseToken: options.promiseTokenLifetime ?? 30 * day,
  })
  const [keys, readyMade, users, ownClients] = await Promise.all([
    createKeyRing(),
    createReadyMade(endpoint, options),
    createUserDirectory(usersWith(options.users ?? readyMadeUsers, options.autoLogin)),
    createClientRegistry(options.clients ?? []),
  ])
  const clients = new Map([...(await createClientRegistry(readyMade.clients)), ...ownClients])
  const provider: Provider = {
    endpoint,
    issuer: options.issuer ?? endpoint,
    clock: createClock(options.now ?? Date.now),
    clients,
    registrations: createRegistrations(clients),
    users,
    keys,
    tokens: createTokenLedger(),
    sessions: createSessions(),
    autoLogin: options.autoLogin,
    lifetimes,
    unmatched: {},
    tokenErrorRedirects: oneOf('tokenErrorRedirects', options.tokenErrorRedirects, ['unversioned', 'all', 'none']),
    jwtSignatureError: oneOf('jwtSignatureError', options.jwtSignatureError, ['invalid_token', 'invalid_signature']),
    usedJtis: new Set(),
    opaqueTokens: options.opaqueTokens ?? false,
    logoutByUrl: options.logoutByUrl ?? true,
  }
  return { provider, contexts: readyMade.contexts }
}
