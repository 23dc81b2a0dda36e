import { untilAborted } from '../../../core/async.ts'
import { UnavailableError } from '../../../core/errors.ts'
import { createEmitter, type ImsEventOf, type ImsEventType } from '../../../core/events.ts'
import { requireText } from '../../../core/flows/credentials.ts'
import type { LoginParameters } from '../../../core/login/login-options.ts'
import { absoluteUri, checkLogoutUri, checkRedirectUri } from '../../../core/login/redirect-uri.ts'
import { checkOptions, type OptionNames, requireMethods } from '../../../core/options.ts'
import type { GetTokenOptions } from '../../../core/session/session.ts'
import { frameRedirect } from '../login/redirect-frame.ts'
import { popupRedirect } from '../login/redirect-popup.ts'
import {
  type FromVault,
  receiveError,
  type SentResponse,
  type ToVault,
  type VaultCall,
  type VaultCalls,
  type VaultSession,
} from './vault-messages.ts'

export interface OpenVaultOptions {
  /** Where IMS redirects the popup or frame to: a page of this origin that calls `relayCallback`. */
  readonly redirectUri: string
  /** ms that a login in a popup may take; default 300,000. */
  readonly popupTimeout?: number | undefined
  /** ms that a silent login may take; default 10,000. */
  readonly silentTimeout?: number | undefined
}

export interface VaultLoginOptions extends LoginParameters {
  /** Default: `popup`. There is no `redirect`: the browser would leave the page, and the vault would stop. */
  readonly mode?: 'popup' | 'silent' | undefined
  readonly signal?: AbortSignal | undefined
}

/** A client whose tokens no script of the page can read. */
export interface Vault {
  /** Signs the user in. Call it directly in a click handler: otherwise the browser blocks the popup. */
  login(options?: VaultLoginOptions): Promise<VaultSession>
  /** Renews the token if that is due; rejects with `LOGIN_REQUIRED` if the user has to sign in. */
  getSession(options?: GetTokenOptions): Promise<VaultSession>
  /** `fetch` with the token, for the origins that the vault allows only. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** Revokes the tokens at IMS and removes them from the vault; resolves to the address that ends the IMS session. */
  logout(options?: { postLogoutRedirectUri?: string; signal?: AbortSignal }): Promise<URL>
  /** Listens to events of one type. @returns a function that removes the listener */
  on<Type extends ImsEventType>(type: Type, listener: (event: ImsEventOf<Type>) => void): () => void
  /** Rejects pending calls. The worker runs until it is terminated or its last page is closed. */
  close(): void
}

/** A call that the vault has not answered yet. */
interface PendingCall {
  resolve(answer: unknown): void
  reject(error: unknown): void
}

/** An open vault, on the side of the page. */
interface State {
  readonly options: OpenVaultOptions
  readonly post: (message: ToVault) => void
  readonly pending: Map<number, PendingCall>
  /** Resolves when the worker runs. */
  readonly ready: Promise<void>
  readonly closing: AbortController
  lastId: number
}

/** ms after which a worker that did not report itself counts as not running. */
const patience = 30_000

const optionNames: OptionNames<OpenVaultOptions> = { redirectUri: 1, popupTimeout: 1, silentTimeout: 1 }

/**
 * Opens the vault that `worker` serves (`serveVault`). If the worker does not run, every call rejects with
 * `NETWORK_FAILED`.
 *
 * @param worker `new Worker(…, { type: 'module' })`, or a `SharedWorker` for several tabs with one login
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * const worker = new Worker(new URL('./vault.ts', import.meta.url), { type: 'module' })
 * const vault = openVault(worker, { redirectUri: `${location.origin}/relay.html` })
 */
export function openVault(worker: Worker | SharedWorker, options: OpenVaultOptions): Vault {
  checkOptions('openVault', options, optionNames)
  requireText('openVault', { redirectUri: options.redirectUri })
  checkRedirectUri('openVault: redirectUri', options.redirectUri)
  const port = portOf(worker)
  const { emit, on, clear } = createEmitter()
  const { promise: ready, resolve: vaultIsReady } = whenReady(worker)
  const post = (message: ToVault) => port.postMessage(message)
  const state: State = { options, post, pending: new Map(), ready, closing: new AbortController(), lastId: 0 }
  port.onmessage = ({ data }: MessageEvent<FromVault>) => {
    if (typeof data !== 'object' || data === null) return
    if ('ready' in data) return vaultIsReady()
    if ('event' in data) return emit(data.event)
    settleCall(state, data)
  }
  post({ hello: true })
  return {
    login: (login) => logIn(state, login),
    getSession: ({ signal, ...rest } = {}) => ask(state, { call: 'session', asked: rest }, signal),
    fetch: (input, init) => fetchInVault(state, new Request(input, init)),
    async logout({ postLogoutRedirectUri: after, signal } = {}) {
      checkLogoutUri(after)
      // the worker has another address
      const asked = after === undefined ? undefined : absoluteUri(after, globalThis.location.href)
      return new URL(await ask(state, { call: 'logout', asked }, signal))
    },
    on,
    close() {
      state.closing.abort(new DOMException('the vault was closed', 'AbortError'))
      state.pending.clear()
      clear()
    },
  }
}

function settleCall({ pending }: State, message: Extract<FromVault, { id: number }>): void {
  const { resolve, reject } = pending.get(message.id) ?? {}
  pending.delete(message.id)
  if ('error' in message) reject?.(receiveError(message.error))
  else resolve?.(message.answer)
}

/** Sends a call to the vault, and resolves to its answer. */
async function ask<Name extends keyof VaultCalls>(
  state: State,
  call: Extract<VaultCall, { call: Name }>,
  signal: AbortSignal | undefined,
): Promise<ReturnType<VaultCalls[Name]>> {
  const { pending, post, closing } = state
  const either = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
  await untilAborted(state.ready, either)
  const id = ++state.lastId
  const answer = new Promise((resolve, reject) => pending.set(id, { resolve, reject }))
  post({ id, ...call })
  const abort = () => {
    pending.delete(id)
    post({ abort: id })
  }
  signal?.addEventListener('abort', abort, { once: true })
  // the vault answers a call by its type
  const typed = answer as Promise<ReturnType<VaultCalls[Name]>>
  return untilAborted(typed, either).finally(() => signal?.removeEventListener('abort', abort))
}

async function logIn(
  state: State,
  { mode = 'popup', signal, ...parameters }: VaultLoginOptions = {},
): Promise<VaultSession> {
  const { redirectUri, popupTimeout, silentTimeout } = state.options
  const redirect =
    mode === 'popup'
      ? popupRedirect({ redirectUri, timeout: popupTimeout })
      : frameRedirect({ redirectUri, timeout: silentTimeout })
  // first, because a browser opens a window only in the moment of the click
  const trip = await redirect.prepare({ signal })
  try {
    const start = await ask(
      state,
      { call: 'start', asked: { ...parameters, mode, redirectUri: trip.redirectUri } },
      signal,
    )
    const callback = await trip.navigate(new URL(start))
    return await ask(state, { call: 'finish', asked: callback.href }, signal)
  } finally {
    await trip.close()
  }
}

async function fetchInVault(state: State, request: Request): Promise<Response> {
  const { url, method, redirect, cache, credentials, signal } = request
  const body = /^(?:GET|HEAD)$/.test(method) ? undefined : await request.arrayBuffer()
  const headers: [string, string][] = [...request.headers]
  const init = { method, headers, redirect, cache, credentials, ...(body?.byteLength && { body }) }
  return receiveResponse(await ask(state, { call: 'fetch', asked: { url, init } }, signal))
}

function portOf(worker: Worker | SharedWorker): Worker | MessagePort {
  checkOptions('openVault', worker)
  const port = 'port' in worker ? worker.port : worker
  requireMethods('the worker of openVault', port, 'postMessage')
  return port
}

/** Resolves when the vault reports itself; rejects if the worker fails to load or run, or after {@link patience}. */
function whenReady(worker: Worker | SharedWorker): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {}
  const promise = new Promise<void>((ready, reject) => {
    const fail = () => {
      const message =
        'The worker of the vault does not run; check that its address answers, that worker-src allows it, and that it calls serveVault'
      reject(new UnavailableError('NETWORK_FAILED', message))
    }
    const timer = setTimeout(fail, patience)
    worker.addEventListener('error', fail, { once: true })
    resolve = () => {
      clearTimeout(timer)
      ready()
    }
  })
  promise.catch(() => {})
  return { promise, resolve }
}

/** A response as `fetch` returns it, its address included. */
function receiveResponse({ facts, init, body }: SentResponse): Response {
  // a redirect that is not followed has no status and no headers; these statuses must not have a body
  const response =
    init.status === 0 ? Response.error() : new Response([101, 204, 205, 304].includes(init.status) ? null : body, init)
  for (const [name, value] of Object.entries(facts)) Object.defineProperty(response, name, { value })
  return response
}
