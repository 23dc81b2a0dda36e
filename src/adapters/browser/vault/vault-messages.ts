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

// the messages between a page and its vault; they never contain a token

/** The result of a login without its tokens. */
export type VaultSession = Omit<TokenSet, 'accessToken'>

/** A request as a message; its body has been read. */
export interface SentRequest {
  readonly url: string
  readonly init: RequestInit
}

/** A response as a message. */
export interface SentResponse {
  /** Members that the constructor of `Response` does not accept. */
  readonly facts: { readonly url: string; readonly redirected: boolean; readonly type: ResponseType }
  readonly init: { readonly status: number; readonly statusText: string; readonly headers: [string, string][] }
  readonly body: ReadableStream<Uint8Array> | ArrayBuffer | null
}

/** The calls from a page to its vault: one argument, one answer. */
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

/** The vault answers `hello` with `ready`, as either side may start first. */
export type ToVault = { readonly hello: true } | ({ readonly id: number } & VaultCall) | { readonly abort: number }

export type FromVault =
  | { readonly ready: true }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: SentError }
  | { readonly event: ImsEvent }

/** An error as a message: structured cloning would lose everything except its message. */
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
  // each class takes the members that it has; that of a response takes them as a third argument
  const make = (classes[name as keyof typeof classes] ?? ImsError) as new (...of: unknown[]) => ImsError
  return new make(code, message, extras, extras)
}
