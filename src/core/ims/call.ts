import type { Report } from '../events.ts'
import type { Clock, Fetch, Platform } from '../ports.ts'
import type { RetryPolicy } from './retry.ts'

/** Everything that one call needs, assembled once and passed down unchanged. */
export interface Call {
  /** Base URL of IMS. */
  readonly endpoint: string
  /** The issuers accepted in ID tokens and in `iss` of callbacks. Default: those of the endpoint. */
  readonly issuers?: readonly string[] | undefined
  readonly fetch: Fetch
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
  /** ms per attempt */
  readonly timeout: number
  readonly retry: RetryPolicy
  readonly emit: Report
  /** How far the server's clock is ahead of the local clock in ms, learned from its `Date` header; 0 while within a minute. */
  readonly skew: { ms: number }
  readonly readKey?: Platform['readKey']
  /** Consulted before each attempt of a request that must not be repeated blindly. */
  readonly attempts?: AttemptGuard | undefined
  /** The address of an API path. Default: the path appended to `endpoint`. */
  readonly urlOf?: ((path: string) => string) | undefined
}

/** Decides whether a request may be sent, and sent again. */
export interface AttemptGuard {
  /** Runs before each attempt; if it throws, nothing is sent. */
  before(): Promise<void>
  /** Whether an attempt that starts in `delay` ms is still within the time limit. */
  fits(delay: number): boolean
}

/** One request to IMS. */
export interface ImsRequest {
  readonly url: string
  readonly method: string
  readonly headers?: Record<string, string>
  readonly body?: URLSearchParams | FormData | Blob | undefined
  /** Whether the request is never repeated, such as one that redeems an authorization code. */
  readonly once?: boolean
}

/** An answer whose body has been read. */
export interface Answer {
  readonly status: number
  /** When the request was sent, by the local clock, in ms since the epoch: a token's lifetime may start this early. */
  readonly sentAt: number
  readonly headers: Headers
  readonly text: string
}

/** The address of an API path for `call`. */
export function urlOf(call: Call, path: string): string {
  return call.urlOf?.(path) ?? call.endpoint + path
}
