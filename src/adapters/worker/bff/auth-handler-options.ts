import { createClient } from '../../../core/client.ts'
import { ConfigurationError } from '../../../core/errors.ts'
import type { Emit } from '../../../core/events.ts'
import { adobeOrigins } from '../../../core/fetch/allowed-origins.ts'
import { isLogin, type LoginFlow } from '../../../core/flows/login-flow.ts'
import { isLoopback } from '../../../core/ims/environment.ts'
import { safePath } from '../../../core/login/return-to.ts'
import { absentLock, acceptsRepeats, lockLike, memoryStore, systemClock } from '../../../core/memory.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Json, Lock, Store } from '../../../core/ports.ts'
import { type ConnectionOptions, requirePositive } from '../../../core/setup.ts'
import { workerFetch } from '../fetch-worker.ts'
import { mediumOf } from '../isolate/isolate-memory.ts'
import { isolateLock } from '../isolate/lock-isolate.ts'
import { type SharedState, sharedMemory, sharedState } from '../isolate/shared-state.ts'
import { cookieEncryption, nameOfSecret, type SessionSecret } from './cookie-encryption.ts'
import type { SameSite } from './cookies.ts'
import { type ProxyRule, proxyRoutes, type Route } from './proxy-rules.ts'
import type { SessionsSetup } from './session.ts'
import { endedSessions } from './session-ended.ts'
import { sessionStore } from './session-store.ts'

export type Claims = { readonly [claim: string]: Json }

export interface AuthHandlerOptions extends Omit<ConnectionOptions, 'readKey'> {
  /** `authorizationCode({…})`, with or without a secret. */
  readonly flow: LoginFlow
  /**
   * Seals the cookies: 32 random bytes or more. Of several the first seals and all open, so that a secret can be
   * replaced: put the new one first, and take the old one away once the longest session is over.
   */
  readonly sessionSecret: SessionSecret
  /**
   * Where the tokens of all sessions are kept, such as that of `durableTokens(namespace)`. Without it: in the cookie of
   * each. A store that may return an older write, such as `kvStore`, is refused unless `lock` is `noLock`.
   */
  readonly store?: Store | undefined
  /** Keeps two renewals of one session apart, such as that of `durableTokens`. Default: within this isolate or process. */
  readonly lock?: Lock | undefined
  /** Default `/auth`. */
  readonly basePath?: string | undefined
  /** Of this site, as browsers see it. Default: that of the flow's `redirectUri`, else that of each request. */
  readonly origin?: string | undefined
  /** For development over http on loopback: cookies without `Secure` and without the prefix that goes with it. */
  readonly insecure?: boolean | undefined
  /** Of the session's cookie. `Strict`: one who follows a link to this site is seen as signed in only by its scripts. */
  readonly sameSite?: SameSite | undefined
  /** ms after which a person has to sign in again; default 14 days. */
  readonly sessionMaxAge?: number | undefined
  /** Where a login ends that names no `returnTo`. Default `/`. */
  readonly afterLogin?: string | undefined
  /** Where IMS sends the person after a sign-out. Default `/`. */
  readonly afterLogout?: string | undefined
  /** What the page is told of the claims of the id token. Default: all that is not about the token itself. */
  readonly user?: ((claims: Claims) => Claims) | undefined
  /** Paths that lead to an API, with the token added. */
  readonly proxy?: readonly ProxyRule[] | undefined
  /** Answers a browser whose login failed, instead of our page. */
  readonly onFailure?: ((failure: LoginFailure) => Response | Promise<Response>) | undefined
  /** Where {@link AuthSession.fetch} may send the token. Default: Adobe's API domains. */
  readonly allowedOrigins?: readonly string[] | undefined
  /** ms that a token must still be valid for; default 600,000. */
  readonly minValidity?: number | undefined
  readonly onEvent?: Emit | undefined
}

export interface LoginFailure {
  readonly error: Error
  /** HTTP status that fits. */
  readonly status: number
  /** Where the login would have ended. */
  readonly returnTo: string
}

/** The options with every default filled in. */
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
  store: 1,
  lock: 1,
  basePath: 1,
  origin: 1,
  insecure: 1,
  sameSite: 1,
  sessionMaxAge: 1,
  afterLogin: 1,
  afterLogout: 1,
  user: 1,
  proxy: 1,
  onFailure: 1,
  allowedOrigins: 1,
  minValidity: 1,
  onEvent: 1,
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
    throw bad('flow must be one that a person signs in with, such as authorizationCode({…})')
  const { clock = systemClock, fetch = workerFetch, sessionMaxAge: maxAge = fortnight } = options
  requirePositive('sessionMaxAge', maxAge)
  if (sameSite !== 'Lax' && sameSite !== 'Strict') throw bad('sameSite must be "Lax" or "Strict"')
  const { redirectUri } = flow
  const origin = options.origin ?? (redirectUri === undefined ? undefined : new URL(redirectUri).origin)
  if (origin !== undefined) checkOrigin(origin, insecure)
  const store = options.store && sessionStore(options.store)
  const basePath = checkBase(options.basePath)
  const routes = proxyRoutes(proxy, basePath)
  const client = {
    ...connectionOf(options),
    allowedOrigins: [...(options.allowedOrigins ?? adobeOrigins), ...routes.map(({ target }) => target.origin)],
    clock,
    fetch,
  }
  const find = stateFinder(options)
  const lock = lockOf(options, find)
  const recent = sharedMemory(find, clock)
  // wrong options fail here, not at the first request
  createClient({ ...client, flow, store: store ?? memoryStore(), lock })
  return {
    flow,
    client,
    lock,
    clock,
    encryption: cookieEncryption(options.sessionSecret, clock),
    store,
    recent,
    ended: endedSessions(store, recent, clock),
    maxAge,
    sameSite,
    basePath,
    redirectUri,
    origin,
    insecure,
    afterLogin: checkPath('afterLogin', options.afterLogin),
    afterLogout: checkPath('afterLogout', options.afterLogout),
    user: options.user ?? aboutPerson,
    routes,
    onFailure: options.onFailure,
  }
}

/** Finds what the handlers of this isolate that have the same secret and flow know together. */
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
  // the caller accepts what happens across isolates; within one there is no need to
  return acceptsRepeats(lock) && store?.consistency === 'eventual' ? lockLike(lock, here) : lock
}

/** @throws {ConfigurationError} `BAD_OPTION` unless cookies are safe at `origin` */
export function checkOrigin(origin: string, insecure: boolean): void {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  if (url === undefined || url.origin !== origin)
    throw bad('origin must be that of this site, such as https://app.example, without a path')
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname) && insecure)) return
  const remedy = isLoopback(url.hostname)
    ? 'set insecure: true for development on loopback'
    : 'serve it over https; where a proxy does that for you, set origin to the address that browsers see'
  throw bad(`${origin} is not https, and cookies would not be safe; ${remedy}`)
}

function checkBase(path = '/auth'): string {
  if (typeof path === 'string' && /^(?:\/[\w.~-]+)+$/.test(path)) return path
  throw bad('basePath must be a path such as /auth, without a slash at its end')
}

function checkPath(name: string, path = '/'): string {
  if (typeof path === 'string' && safePath(path, 'https://site.invalid') !== undefined) return path
  throw bad(`${name} must be a path of this site, such as /`)
}

function bad(message: string): ConfigurationError {
  return new ConfigurationError('BAD_OPTION', message)
}

const aboutToken = ['iss', 'aud', 'azp', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'at_hash', 'c_hash', 's_hash', 'sid']

function aboutPerson(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !aboutToken.includes(name)))
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
