import { untilAborted } from '../../../core/async.ts'
import { UnavailableError } from '../../../core/errors.ts'
import { createEmitter, type ImsEventOf, type ImsEventType } from '../../../core/events.ts'
import { requireText } from '../../../core/flows/credentials.ts'
import type { LoginParameters } from '../../../core/login/login-options.ts'
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
  /** Where IMS sends the popup or frame back to: a page of this origin that calls `relayCallback`. */
  readonly redirectUri: string
  /** ms that a login in a popup may take; default 300,000. */
  readonly popupTimeout?: number | undefined
  /** ms that a silent login may take; default 10,000. */
  readonly silentTimeout?: number | undefined
}

export interface VaultLoginOptions extends LoginParameters {
  /** Default: `popup`. With a redirect the page would leave, and its vault end. */
  readonly mode?: 'popup' | 'silent' | undefined
  readonly signal?: AbortSignal | undefined
}

/** A client whose tokens are out of reach of the page's scripts, its own included. */
export interface Vault {
  /** Signs in; call it straight from a click, as a browser opens a window only then. */
  login(options?: VaultLoginOptions): Promise<VaultSession>
  /** Renews where it is due; `LOGIN_REQUIRED` where a person is needed. */
  getSession(options?: GetTokenOptions): Promise<VaultSession>
  /** `fetch` with the token, for the origins that the vault allows only. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** Ends the tokens at IMS and in the vault; resolves to the address that ends the person's session at IMS. */
  logout(options?: { postLogoutRedirectUri?: string; signal?: AbortSignal }): Promise<URL>
  /** Listens to events of one type. @returns a function that ends it */
  on<Type extends ImsEventType>(type: Type, listener: (event: ImsEventOf<Type>) => void): () => void
  /** Rejects what is under way. The worker lives on until it is terminated or its last page is gone. */
  close(): void
}

interface Waiting {
  resolve(answer: never): void
  reject(error: unknown): void
}

/** ms until a worker that says nothing is taken for one that does not run. */
const patience = 30_000

const optionNames: OptionNames<OpenVaultOptions> = { redirectUri: 1, popupTimeout: 1, silentTimeout: 1 }

/**
 * Opens the vault that `worker` serves (`serveVault`). Everything rejects with `NETWORK_FAILED` where it does not run.
 *
 * @param worker `new Worker(…, { type: 'module' })`, or a `SharedWorker` for many tabs with one sign-in
 */
export function openVault(worker: Worker | SharedWorker, options: OpenVaultOptions): Vault {
  checkOptions('openVault', options, optionNames)
  const { redirectUri, popupTimeout, silentTimeout } = options
  requireText('openVault', { redirectUri })
  const port = portOf(worker)
  const waiting = new Map<number, Waiting>()
  const { emit, on, clear } = createEmitter()
  const closing = new AbortController()
  const readiness = whenReady(worker)
  let asked = 0

  port.onmessage = ({ data }: MessageEvent<FromVault>) => {
    if (typeof data !== 'object' || data === null) return
    if ('ready' in data) return readiness.resolve()
    if ('event' in data) return emit(data.event)
    const { resolve, reject } = waiting.get(data.id) ?? {}
    waiting.delete(data.id)
    if ('error' in data) reject?.(receiveError(data.error))
    else resolve?.(data.answer as never)
  }
  const post = (message: ToVault) => port.postMessage(message)
  post({ hello: true })

  async function ask<Name extends keyof VaultCalls>(
    call: Extract<VaultCall, { call: Name }>,
    signal: AbortSignal | undefined,
  ): Promise<ReturnType<VaultCalls[Name]>> {
    const given = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
    await untilAborted(readiness.promise, given)
    const id = ++asked
    const answer = new Promise<ReturnType<VaultCalls[Name]>>((resolve, reject) => waiting.set(id, { resolve, reject }))
    post({ id, ...call })
    const stop = () => {
      waiting.delete(id)
      post({ abort: id })
    }
    signal?.addEventListener('abort', stop, { once: true })
    return untilAborted(answer, given).finally(() => signal?.removeEventListener('abort', stop))
  }

  return {
    async login({ mode = 'popup', signal, ...parameters } = {}) {
      const redirect =
        mode === 'popup'
          ? popupRedirect({ redirectUri, timeout: popupTimeout })
          : frameRedirect({ redirectUri, timeout: silentTimeout })
      // nothing is awaited before: a browser opens a window only while it still counts the click
      const trip = await redirect.prepare({ signal })
      try {
        const start = await ask({ call: 'start', asked: { ...parameters, mode, redirectUri } }, signal)
        const callback = await trip.navigate(new URL(start))
        return await ask({ call: 'finish', asked: callback.href }, signal)
      } finally {
        await trip.close()
      }
    },
    getSession: ({ signal, ...rest } = {}) => ask({ call: 'session', asked: rest }, signal),
    async fetch(input, init) {
      const request = new Request(input, init)
      const { url, method, redirect, cache, credentials, signal } = request
      const body = /^(?:GET|HEAD)$/.test(method) ? undefined : await request.arrayBuffer()
      const headers = [...request.headers] as [string, string][]
      const sent = { method, headers, redirect, cache, credentials, ...(body?.byteLength && { body }) }
      return received(await ask({ call: 'fetch', asked: { url, init: sent } }, signal))
    },
    logout: async ({ postLogoutRedirectUri: after, signal } = {}) =>
      new URL(await ask({ call: 'logout', asked: after }, signal)),
    on,
    close() {
      closing.abort(new DOMException('the vault was closed', 'AbortError'))
      waiting.clear()
      clear()
    },
  }
}

function portOf(worker: Worker | SharedWorker): Worker | MessagePort {
  checkOptions('openVault', worker)
  const port = 'port' in worker ? worker.port : worker
  requireMethods('the worker of openVault', port, 'postMessage')
  return port
}

/** Settled by the vault's own word, by a failure to load or run it, or by time. */
function whenReady(worker: Worker | SharedWorker): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {}
  const promise = new Promise<void>((ready, reject) => {
    const fail = () => {
      const message =
        'the worker of the vault does not run; check that its address answers, that worker-src allows it, and that it calls serveVault'
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

/** A response as `fetch` gives it, its address included. */
function received({ facts, init, body }: SentResponse): Response {
  // a redirect that is not followed has no status and no headers; a response of the other statuses may have no body
  const response =
    init.status === 0 ? Response.error() : new Response([101, 204, 205, 304].includes(init.status) ? null : body, init)
  for (const [name, value] of Object.entries(facts)) Object.defineProperty(response, name, { value })
  return response
}
