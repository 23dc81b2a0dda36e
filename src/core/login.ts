import { ConfigurationError, LoginRequiredError } from './errors.ts'
import type { LoginFlow, LoginParameters, PendingLogin } from './flows/flow.ts'
import type { Tokens } from './ims/tokens.ts'
import type { Json } from './ports.ts'
import type { Session } from './session.ts'
import type { Setup } from './setup.ts'

export interface LoginOptions extends LoginParameters {
  readonly signal?: AbortSignal | undefined
  /** Kept with the login on this device and handed back after it; never sent. */
  readonly appState?: Json | undefined
  /** Where the app wants to go on after the login; kept like `appState`. */
  readonly returnTo?: string | undefined
}

export interface StartLoginOptions extends LoginOptions {
  /** Where IMS sends the person back to. Default: the flow's. */
  readonly redirectUri?: string | undefined
}

/** How a login ended. */
export interface LoginResult {
  readonly tokens: Tokens
  readonly appState?: Json | undefined
  readonly returnTo?: string | undefined
}

/** Sign-in's story, in one piece or in its two halves. */
export interface Login {
  run(options?: LoginOptions): Promise<LoginResult>
  start(options?: StartLoginOptions): Promise<URL>
  finish(callback: URL | string, options?: { signal?: AbortSignal | undefined }): Promise<LoginResult>
}

const rememberedCallbacks = 20

export function createLogin(setup: Setup, flow: LoginFlow, session: Session): Login {
  const { platform, connection } = setup
  const store = platform.pending ?? platform.store
  // a page that is rendered twice finishes twice: the second gets the answer of the first
  const finished = new Map<string, Promise<LoginResult>>()

  async function prepare(redirectUri: string, options: LoginOptions): Promise<{ url: URL; pending: PendingLogin }> {
    const { signal, appState, returnTo, ...parameters } = options
    const { url, pending } = await flow.start(await setup.call(signal), redirectUri, parameters)
    return {
      url,
      pending: { ...pending, ...(appState !== undefined && { appState }), ...(returnTo !== undefined && { returnTo }) },
    }
  }

  async function complete(pending: PendingLogin, callback: URL, signal?: AbortSignal): Promise<LoginResult> {
    checkPlace(pending, callback)
    const { appState, returnTo } = pending
    const tokens = await signedIn(await flow.finish(await setup.call(signal), pending, callback))
    return { tokens, ...(appState !== undefined && { appState }), ...(returnTo !== undefined && { returnTo }) }
  }

  async function signedIn(tokens: Tokens): Promise<Tokens> {
    await session.keep(tokens)
    connection.emit({ type: 'token', source: 'issued', expiresAt: tokens.expiresAt, scopes: tokens.scopes })
    connection.emit({ type: 'login', clientId: flow.clientId })
    return tokens
  }

  /** Takes the pending login of `state` out of the store: it is good for one callback. */
  async function take(state: string): Promise<PendingLogin> {
    const key = pendingKey(state)
    const pending = parsePending(await store.get(key))
    if (pending === undefined)
      throw mismatch('unknown', 'no login with this state was begun here, or it has been finished already')
    await store.delete(key)
    if (pending.expiresAt <= connection.clock.now()) throw mismatch('expired', 'the login took too long')
    const foreign = pending.endpoint !== (await setup.call()).endpoint || pending.flowId !== flow.id
    if (foreign) throw mismatch('foreign', 'the login was begun by another client or environment')
    return pending
  }

  return {
    async run(options = {}) {
      const { redirect } = platform
      const { signal, ...parameters } = options
      if (flow.signIn) return { tokens: await signedIn(await flow.signIn(await setup.call(signal), parameters)) }
      if (redirect === undefined) {
        throw new LoginRequiredError(
          'LOGIN_NOT_POSSIBLE',
          'this platform has nowhere to send a person; use startLogin and finishLogin',
        )
      }
      signal?.throwIfAborted()
      const visit = await redirect.begin(signal)
      try {
        const { url, pending } = await prepare(visit.redirectUri, options)
        await keepPending(pending)
        const callback = await visit.go(url)
        return await complete(await take(stateOf(callback)), callback, signal)
      } finally {
        await visit.end()
      }
    },

    async start(options = {}) {
      const { redirectUri = flow.redirectUri, ...rest } = options
      if (redirectUri === undefined) {
        throw new ConfigurationError(
          'BAD_OPTION',
          'startLogin needs redirectUri: the URL, registered with the credential, that IMS sends the person back to',
        )
      }
      const { url, pending } = await prepare(redirectUri, rest)
      await keepPending(pending)
      return url
    },

    async finish(callback, { signal } = {}) {
      const url = parseCallback(callback)
      const state = stateOf(url)
      const same = `${state} ${url.searchParams.get('code') ?? ''}`
      const before = finished.get(same)
      if (before !== undefined) return before
      const now = take(state).then((pending) => complete(pending, url, signal))
      if (platform.sharing !== false) finished.set(same, now)
      if (finished.size > rememberedCallbacks) finished.delete(finished.keys().next().value ?? '')
      return now
    },
  }

  async function keepPending(pending: PendingLogin): Promise<void> {
    await store.set(pendingKey(pending.state), pending as unknown as Json, pending.expiresAt)
  }
}

const pendingKey = (state: string) => `imskit/pending/${state}`

function parseCallback(callback: URL | string): URL {
  if (callback instanceof URL) return callback
  if (URL.canParse(callback)) return new URL(callback)
  throw new ConfigurationError('BAD_OPTION', 'finishLogin needs the absolute URL that the person came back on')
}

function stateOf(callback: URL): string {
  const [state, ...more] = callback.searchParams.getAll('state')
  if (state !== undefined && state !== '' && more.length === 0) return state
  throw mismatch('missing', 'the callback names no state, or more than one')
}

/** IMS falls back to the credential's default redirect URI without a word: the code of such a callback is not redeemed. */
function checkPlace({ redirectUri }: PendingLogin, callback: URL): void {
  const asked = new URL(redirectUri)
  if (asked.origin === callback.origin && asked.pathname === callback.pathname) return
  const message = `IMS came back at ${callback.origin}${callback.pathname} instead of ${asked.origin}${asked.pathname}`
  throw mismatch('redirect_uri', `${message}; register the latter with the credential`)
}

function mismatch(reason: string, what: string): LoginRequiredError {
  return new LoginRequiredError('STATE_MISMATCH', `${what}; nothing was stored, start the login again`, {
    details: { reason },
  })
}

function parsePending(stored: Json | undefined): PendingLogin | undefined {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return undefined
  const from = stored as Partial<Record<keyof PendingLogin, Json>>
  const texts = [from.state, from.nonce, from.codeVerifier, from.redirectUri, from.endpoint, from.flowId]
  const whole = texts.every((text) => typeof text === 'string') && typeof from.expiresAt === 'number'
  return whole && URL.canParse(String(from.redirectUri)) ? (from as unknown as PendingLogin) : undefined
}
