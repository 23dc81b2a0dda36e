import type { Report } from './events.ts'
import { type Flow, needsUser } from './flows/flow.ts'
import type { Call } from './ims/call.ts'
import { resolveEndpoint } from './ims/environment.ts'
import { defaultRetry, type RetryPolicy } from './ims/retry.ts'
import { systemClock } from './memory.ts'
import { badOption, checkOptions, type OptionNames, requireMethods } from './options.ts'
import type { Clock, Fetch, Platform } from './ports.ts'
import { longestTimer } from './time.ts'

/** How IMS is called. */
export interface ConnectionOptions {
  /** `prod` (default) or `stage`. */
  readonly env?: string | undefined
  /** Base URL instead of the environment's: https, or http on loopback. */
  readonly endpoint?: string | undefined
  /** Issuers accepted in id tokens and callbacks, exactly. Default: the endpoint and its environment's issuer, with and without `/ims`. */
  readonly issuers?: readonly string[] | undefined
  /** ms per attempt; default 30,000. */
  readonly timeout?: number | undefined
  readonly retry?: Partial<RetryPolicy> | undefined
  readonly clock?: Clock | undefined
  readonly fetch?: Fetch | undefined
  readonly readKey?: Platform['readKey'] | undefined
}

/** A connection with every default filled in: a {@link Call} without the signal of one call. */
export type Connection = Omit<Call, 'signal'>

// late-bound: a page or test may replace fetch, and it must not be called as a method
const globalFetch: Fetch = (url, init) => {
  if (typeof globalThis.fetch === 'function') return globalThis.fetch(url, init)
  throw badOption(
    'This runtime has no fetch, such as Jest with jsdom. Set the option fetch, or add a fetch to the environment.',
  )
}

/**
 * Fills in the defaults and checks what was given, before anything is sent.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function connect(options: ConnectionOptions, emit: Report): Connection {
  checkOptions('a connection to IMS', options)
  const { timeout = 30_000, issuers, clock = systemClock, fetch = globalFetch, readKey } = options
  requirePositive('timeout', timeout)
  if (typeof fetch !== 'function') throw badOption('fetch must be a function')
  if (readKey !== undefined && typeof readKey !== 'function') throw badOption('readKey must be a function')
  if (issuers !== undefined && !isTexts(issuers)) throw badOption('issuers must be an array of strings')
  requireMethods('clock', clock, 'now', 'sleep')
  const endpoint = resolveEndpoint(options)
  return {
    endpoint,
    issuers,
    // a native fetch refuses to be called as a method of something else
    fetch: (url, init) => fetch(url, init),
    clock,
    timeout: Math.min(timeout, longestTimer),
    retry: retryPolicy(options.retry),
    emit,
    skew: { ms: 0 },
    ...(readKey && { readKey }),
  }
}

const retryNames: OptionNames<RetryPolicy> = { retries: 1, baseDelay: 1, maxDelay: 1, maxRetryAfter: 1 }
const isTexts = (list: unknown) => Array.isArray(list) && list.every((item) => typeof item === 'string')

function retryPolicy(given: Partial<RetryPolicy> = {}): RetryPolicy {
  checkOptions('retry', given, retryNames)
  const number = (name: keyof RetryPolicy) => {
    const value: unknown = given[name] ?? defaultRetry[name]
    if (typeof value === 'number' && value >= 0) return Math.min(value, longestTimer)
    throw badOption(`retry.${name} must be a number, 0 or more`)
  }
  return {
    retries: number('retries'),
    baseDelay: number('baseDelay'),
    maxDelay: number('maxDelay'),
    maxRetryAfter: number('maxRetryAfter'),
  }
}

/** @throws {ConfigurationError} `BAD_OPTION` unless `value` is a number of ms above 0 */
export function requirePositive(name: string, value: unknown): void {
  if (typeof value === 'number' && value > 0) return
  throw badOption(`${name} must be a number of milliseconds above 0`)
}

/** @throws {ConfigurationError} `BAD_OPTION` unless `minValidity` is left out or a number of ms, 0 or more */
export function checkValidity(minValidity: unknown): void {
  if (minValidity === undefined || (typeof minValidity === 'number' && minValidity >= 0)) return
  throw badOption('minValidity must be a number of milliseconds, 0 or more')
}

/** Everything a session and a login share. */
export interface Setup {
  readonly flow: Flow
  readonly platform: Platform
  readonly connection: Connection
  /** ms */
  readonly minValidity: number
  /** One call's context. */
  readonly call: (signal?: AbortSignal) => Promise<Call>
  /** The key of this flow's tokens: whatever changes a token is in it. */
  readonly tokenKey: () => Promise<string>
}

/** Puts together what the sessions and logins of one client share. */
export function createSetup(
  given: Pick<Setup, 'flow' | 'platform' | 'minValidity'> & { readonly owner?: string | undefined },
  connection: Connection,
): Setup {
  const { flow, platform, owner } = given
  const call = caller(connection, platform, flow)
  let key: string | undefined
  return {
    ...given,
    connection,
    call,
    async tokenKey() {
      key ??= await tokenKeyOf(flow, (await call()).endpoint, owner)
      return key
    },
  }
}

/** The key under which `flow`'s tokens are stored, in JSON so that no value can run into the next. */
export async function tokenKeyOf(flow: Flow, endpoint: string, owner: string | undefined): Promise<string> {
  const identity = await flow.identity?.()
  return `imskit/tokens/${JSON.stringify([endpoint, flow.id, owner ?? null, identity ?? null])}`
}

/** The key of the note that is stored before one of these tokens is redeemed. */
export async function noteKey({ tokenKey }: Setup): Promise<string> {
  return (await tokenKey()).replace(/^imskit\/tokens\//, 'imskit/renewals/')
}

/**
 * Builds calls over `connection`. If the client named no endpoint, the platform's defaults are read at the first call: their
 * endpoint takes precedence over any environment, so that a whole program can be pointed at another IMS.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for unusable defaults; `UNTRUSTED_SOURCE` if a secret of `flow` would be
 *   sent to an endpoint that only the working directory names
 */
export function caller(
  connection: Connection,
  options: ConnectionOptions & Pick<Platform, 'defaults'>,
  flow: Flow,
): Setup['call'] {
  const { defaults } = options
  const hasSecret = flow.confidential || !needsUser(flow)
  let connected = options.endpoint !== undefined || defaults === undefined ? connection : undefined
  return async (signal) => {
    if (connected === undefined && defaults !== undefined) {
      const found = (await defaults()) ?? {}
      if (found.untrusted && hasSecret) throw found.untrusted
      const endpoint = resolveEndpoint({ env: options.env ?? found.env, endpoint: found.endpoint })
      connected = { ...connection, endpoint }
    }
    return callWith(connected ?? connection, signal)
  }
}

/** One call's context over a connection that is settled. */
export function callWith(connection: Connection, signal: AbortSignal | undefined): Call {
  return signal === undefined ? connection : { ...connection, signal }
}
