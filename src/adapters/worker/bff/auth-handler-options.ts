import { createClient } from '../../../core/client.ts'
import type { Emit } from '../../../core/events.ts'
import { adobeOrigins } from '../../../core/fetch/allowed-origins.ts'
import { isLogin, type LoginFlow } from '../../../core/flows/login-flow.ts'
import { isLoopback } from '../../../core/ims/environment.ts'
import { safePath } from '../../../core/login/return-to.ts'
import { absentLock, acceptsRepeats, lockLike, memoryStore, systemClock } from '../../../core/memory.ts'
import { badOption, checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Json, Lock, Store } from '../../../core/ports.ts'
import { type ConnectionOptions, requirePositive } from '../../../core/setup.ts'
import { workerFetch } from '../fetch-worker.ts'
import { mediumOf } from '../isolate/isolate-memory.ts'
import { isolateLock } from '../isolate/lock-isolate.ts'
import { type SharedState, sharedMemory, sharedState } from '../isolate/shared-state.ts'
import { cookieEncryption, nameOfSecret, type SessionSecret } from './cookie-encryption.ts'
import type { SameSite } from './cookies.ts'
import { type ProxyRule, proxyRoutes, type Route } from './proxy-rules.ts'
import { sessionRevocations } from './session-revocations.ts'
import type { SessionsSetup } from './session-setup.ts'
import { withStoreFailed } from './with-store-failed.ts'

export type Claims = { readonly [claim: string]: Json }

export interface AuthHandlerOptions extends Omit<ConnectionOptions, 'readKey'> {
  /** `authorizationCode({…})`, with or without a secret. */
  readonly flow: LoginFlow
  /**
   * Encrypts the cookies: 32 random bytes or more. To rotate the secret, pass an array: the first secret encrypts, and
   * all of them decrypt. Remove the old secret when the sessions from before have expired.
   */
  readonly sessionSecret: SessionSecret
  /**
   * Stores the tokens of all sessions, such as the store of `durableTokens(namespace)`. Default: each session's tokens
   * are in its cookie. A store that may return an older write, such as `kvStore`, is refused unless `lock` is `noLock`.
   */
  readonly store?: Store | undefined
  /** Excludes two renewals of one session at the same time, such as the lock of `durableTokens`. Default: a lock within this isolate or process. */
  readonly lock?: Lock | undefined
  /** Default `/auth`. */
  readonly basePath?: string | undefined
  /** The origin of this site, as browsers see it. Default: that of the flow's `redirectUri`, otherwise that of each request. */
  readonly origin?: string | undefined
  /** For development with http on loopback: cookies without `Secure` and without the prefix for secure origins. */
  readonly insecure?: boolean | undefined
  /** Of the session's cookie. With `Strict`, the cookie is missing from navigations that start at another site. */
  readonly sameSite?: SameSite | undefined
  /** ms after which a user has to sign in again; default 14 days. */
  readonly sessionMaxAge?: number | undefined
  /** Where a login without `returnTo` redirects the user to. Default `/`. */
  readonly afterLogin?: string | undefined
  /** Where IMS redirects the user to after the sign-out. Default `/`. */
  readonly afterLogout?: string | undefined
  /** Selects the claims of the ID token that the browser app receives. Default: all that are about the user. */
  readonly user?: ((claims: Claims) => Claims) | undefined
  /** Paths that are forwarded to an API, with the token added. */
  readonly proxy?: readonly ProxyRule[] | undefined
  /** Creates the response to a failed login. Default: an HTML page. */
  readonly onFailure?: ((failure: LoginFailure) => Response | Promise<Response>) | undefined
  /** Where {@link AuthSession.fetch} may send the token. Default: Adobe's API domains. */
  readonly allowedOrigins?: readonly string[] | undefined
  /** How long a token must remain valid, in ms; default 600,000. */
  readonly minValidity?: number | undefined
  readonly onEvent?: Emit | undefined
}

export interface LoginFailure {
  readonly error: Error
  /** The HTTP status for the error. */
  readonly status: number
  /** Where the login would have redirected the user to. */
  readonly returnTo: string
}

/** The checked options, with all defaults. */
export interface HandlerSetup extends SessionsSetup {
  readonly basePath: string
  readonly redirectUri: string | undefined
  readonly origin: string | undefined
  readonly insecure: boolean
  readonly afterLogin: string
  readonly afterLogout: string
  readonly user: (claims: Claims) => Claims
  readonly routes: readonly Route[]
  readonly onFailure: AuthHandlerOptions['onFailure']
}

const fortnight = 14 * 24 * 3_600_000

const optionNames: OptionNames<AuthHandlerOptions> = {
  flow: 1,
  sessionSecret: 1,
  store: 'object',
  lock: 'function',
  basePath: 1,
  origin: 'string',
  insecure: 'boolean',
  sameSite: 1,
  sessionMaxAge: 1,
  afterLogin: 1,
  afterLogout: 1,
  user: 'function',
  proxy: 1,
  onFailure: 'function',
  allowedOrigins: 1,
  minValidity: 1,
  onEvent: 'function',
  env: 1,
  endpoint: 1,
  issuers: 1,
  timeout: 1,
  retry: 1,
  clock: 1,
  fetch: 1,
}

/** @throws {ConfigurationError} `BAD_OPTION` */
export function handlerSetup(options: AuthHandlerOptions): HandlerSetup {
  checkOptions('createAuthHandler', options, optionNames)
  const { flow, insecure = false, sameSite = 'Lax', proxy = [] } = options
  if (typeof flow !== 'object' || flow === null || !isLogin(flow))
    throw badOption('flow must be a login flow, such as authorizationCode({…})')
  const { clock = systemClock, fetch = workerFetch, sessionMaxAge: maxAge = fortnight } = options
  requirePositive('sessionMaxAge', maxAge)
  if (sameSite !== 'Lax' && sameSite !== 'Strict') throw badOption('sameSite must be "Lax" or "Strict"')
  const { redirectUri } = flow
  const origin =
    options.origin ??
    (redirectUri === undefined || redirectUri.startsWith('/') ? undefined : new URL(redirectUri).origin)
  if (origin !== undefined) checkOrigin(origin, insecure)
  const store = options.store && withStoreFailed(options.store)
  const basePath = checkBase(options.basePath)
  const routes = proxyRoutes(proxy, basePath)
  const { allowedOrigins = adobeOrigins } = options
  if (!Array.isArray(allowedOrigins)) throw badOption('allowedOrigins must be an array of origins')
  const client = {
    ...connectionOf(options),
    allowedOrigins: [...allowedOrigins, ...routes.map(({ target }) => target.origin)],
    clock,
    fetch,
  }
  const find = stateFinder(options)
  const lock = lockOf(options, find)
  const recent = sharedMemory(find, clock)
  // so that wrong options fail now, not at the first request
  createClient({ ...client, flow, store: store ?? memoryStore(), lock })
  return {
    flow,
    client,
    lock,
    clock,
    encryption: cookieEncryption(options.sessionSecret, clock),
    store,
    recent,
    revocations: sessionRevocations(store, recent, clock),
    maxAge,
    sameSite,
    basePath,
    redirectUri,
    origin,
    insecure,
    afterLogin: checkPath('afterLogin', options.afterLogin),
    afterLogout: checkPath('afterLogout', options.afterLogout),
    user: options.user ?? claimsOfUser,
    routes,
    onFailure: options.onFailure,
  }
}

/** Finds the state that all handlers of this isolate with the same secret and flow share. */
function stateFinder({ sessionSecret, flow, env, endpoint }: AuthHandlerOptions): () => Promise<SharedState> {
  let name: string | undefined
  return async () => {
    name ??= JSON.stringify([await nameOfSecret(sessionSecret), flow.id, env, endpoint])
    return sharedState(name)
  }
}

function lockOf({ lock, store }: AuthHandlerOptions, find: () => Promise<SharedState>): Lock {
  const here = isolateLock(find)
  const shared = store !== undefined && mediumOf(store).binding !== store
  if (lock === undefined) return shared ? absentLock : here
  // noLock accepts repeated renewals across isolates; within one they are easy to prevent
  return acceptsRepeats(lock) && store?.consistency === 'eventual' ? lockLike(lock, here) : lock
}

/** @throws {ConfigurationError} `BAD_OPTION` if cookies would not be safe at `origin` */
export function checkOrigin(origin: string, insecure: boolean): void {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  if (url === undefined || url.origin !== origin)
    throw badOption('origin must be the origin of this site, such as https://app.example, without a path')
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname) && insecure)) return
  const remedy = isLoopback(url.hostname)
    ? 'set insecure: true for development on loopback'
    : 'serve it over https; if a proxy does that for you, set origin to the address that browsers see'
  throw badOption(`The origin ${origin} is not https, so its cookies would not be safe; ${remedy}`)
}

function checkBase(path = '/auth'): string {
  if (typeof path === 'string' && /^(?:\/[\w.~-]+)+$/.test(path)) return path
  throw badOption('basePath must be a path such as /auth, without a slash at its end')
}

function checkPath(name: string, path = '/'): string {
  if (typeof path === 'string' && safePath(path, 'https://site.invalid') !== undefined) return path
  throw badOption(`${name} must be a path of this site, such as /`)
}

const claimsOfToken = ['iss', 'aud', 'azp', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'at_hash', 'c_hash', 's_hash', 'sid']

function claimsOfUser(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !claimsOfToken.includes(name)))
}

function connectionOf(options: AuthHandlerOptions): Partial<SessionsSetup['client']> {
  const { env, endpoint, issuers, timeout, retry, minValidity, onEvent } = options
  return {
    env,
    endpoint,
    issuers,
    timeout,
    retry,
    ...(minValidity !== undefined && { minValidity }),
    ...(onEvent && { onEvent }),
  }
}
