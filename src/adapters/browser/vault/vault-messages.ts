import type { TokenSet } from '../../../core/client.ts'
import {
  ConfigurationError,
  ImsError,
  ImsResponseError,
  isImsError,
  LoginRequiredError,
  TokenError,
  UnavailableError,
} from '../../../core/errors.ts'
import type { ImsEvent } from '../../../core/events.ts'
import type { StartLoginOptions } from '../../../core/login/login-options.ts'
import type { GetTokenOptions } from '../../../core/session/session.ts'

// what a page and its vault say to each other: never a token

/** What is known of a sign-in, without its tokens. */
export type VaultSession = Omit<TokenSet, 'accessToken'>

/** A request as it crosses over; its body has been read. */
export interface SentRequest {
  readonly url: string
  readonly init: RequestInit
}

/** A response as it crosses over. */
export interface SentResponse {
  /** What no constructor of a response takes. */
  readonly facts: { readonly url: string; readonly redirected: boolean; readonly type: ResponseType }
  readonly init: { readonly status: number; readonly statusText: string; readonly headers: [string, string][] }
  readonly body: ReadableStream<Uint8Array> | ArrayBuffer | null
}

/** What a page may ask of its vault: one argument, one answer. */
export interface VaultCalls {
  start(options: Omit<StartLoginOptions, 'signal'>): string
  finish(callback: string): VaultSession
  session(options: Omit<GetTokenOptions, 'signal'>): VaultSession
  fetch(request: SentRequest): SentResponse
  logout(redirectUri: string | undefined): string
}

export type VaultCall = {
  [Name in keyof VaultCalls]: { readonly call: Name; readonly asked: Parameters<VaultCalls[Name]>[0] }
}[keyof VaultCalls]

/** `hello` is answered by `ready`, as either side may be there first. */
export type ToVault = { readonly hello: true } | ({ readonly id: number } & VaultCall) | { readonly abort: number }

export type FromVault =
  | { readonly ready: true }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: SentError }
  | { readonly event: ImsEvent }

/** An error as it crosses over: cloning would leave nothing of ours but the message. */
type SentError =
  | { readonly ours: Readonly<Record<string, unknown>>; readonly cause: SentError | undefined }
  | { readonly foreign: unknown }

export function sendError(error: unknown): SentError {
  if (isImsError(error)) {
    const { message, cause } = error
    return { ours: { ...error, message }, cause: cause === undefined ? undefined : sendError(cause) }
  }
  return { foreign: error instanceof Error ? error : new Error(String(error)) }
}

const classes = { ConfigurationError, LoginRequiredError, TokenError, ImsResponseError, UnavailableError }

export function receiveError(sent: SentError): unknown {
  if ('foreign' in sent) return sent.foreign
  const { name, code, message, ...facts } = sent.ours
  const extras = { ...facts, ...(sent.cause && { cause: receiveError(sent.cause) }) }
  // each takes what it knows, the facts of a response apart from the rest
  const make = (classes[name as keyof typeof classes] ?? ImsError) as new (...of: unknown[]) => ImsError
  return new make(code, message, extras, extras)
}
