import { ConfigurationError, LoginRequiredError } from './errors.ts'
import type { LoginFlow, LoginParameters, PendingLogin } from './flows/flow.ts'
import type { Tokens } from './ims/tokens.ts'
import { locked } from './locked.ts'
import { untilAborted } from './memory.ts'
import type { Arrival, Json, LoginMode, Store } from './ports.ts'
import type { Session } from './session.ts'
import type { Setup } from './setup.ts'

export interface LoginOptions extends LoginParameters {
  /** How the person is taken to IMS, where the platform knows several ways. Default: `redirect`. */
  readonly mode?: LoginMode | undefined
  readonly signal?: AbortSignal | undefined
  /** Kept with the login on this device and handed back after it; never sent. */
  readonly appState?: Json | undefined
  /** Where the app wants to go on after the login, in the app itself; kept like `appState`. */
  readonly returnTo?: string | undefined
  /** @internal the named context that the login is for */
  readonly context?: string | undefined
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
  /** Ends the login whose answer is the address of this page; `undefined` where it answers none that is waited for here. */
  arrive(): Promise<LoginResult | undefined>
}

const rememberedCallbacks = 20

export function createLogin(setup: Setup, flow: LoginFlow, session: Session): Login {
  const { platform, connection } = setup
  const store = platform.pending ?? platform.store
  // a page that is rendered twice finishes twice: the second gets the answer of the first
  const finished = new Map<string, Promise<LoginResult>>()
  let arrived: { readonly at: string | undefined; readonly result: Promise<LoginResult | undefined> } | undefined
  session.onForget(() => {
    finished.clear()
    arrived = undefined
  })

  async function begin(redirectUri: string, options: LoginOptions): Promise<{ url: URL; pending: PendingLogin }> {
    const { signal, appState, returnTo, mode, context, ...asked } = options
    const parameters = mode === 'silent' ? { ...asked, prompt: 'none' } : asked
    const { url, pending } = await flow.start(await setup.call(signal), redirectUri, parameters)
    const kept: PendingLogin = {
      ...pending,
      ...(mode !== undefined && { mode }),
      ...(context !== undefined && { context }),
      ...(appState !== undefined && { appState }),
      ...(returnTo !== undefined && { returnTo }),
    }
    await store.set(pendingKey(pending.state), kept as unknown as Json, pending.expiresAt)
    return { url, pending: kept }
  }

  async function complete(pending: PendingLogin, callback: URL, signal?: AbortSignal): Promise<LoginResult> {
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

  /** Takes the pending login of `callback` out of the store: it is good for one callback. Any other changes nothing. */
  function take(callback: URL): Promise<PendingLogin> {
    const name = pendingKey(stateOf(callback))
    const task = async () => {
      const pending = parsePending(await store.get(name))
      if (pending === undefined) throw unknownLogin()
      if (pending.expiresAt <= connection.clock.now()) throw mismatch('expired', 'the login took too long')
      const foreign = pending.endpoint !== (await setup.call()).endpoint || pending.flowId !== flow.id
      if (foreign) throw mismatch('foreign', 'the login was begun by another client or environment')
      checkPlace(pending, callback)
      await store.delete(name)
      return pending
    }
    return locked(setup, { name, task })
  }

  const login: Login = {
    async run(options = {}) {
      const { redirect } = platform
      const { signal, mode, returnTo, ...parameters } = options
      signal?.throwIfAborted()
      checkReturnTo(returnTo)
      if (flow.signIn) return { tokens: await signedIn(await flow.signIn(await setup.call(signal), parameters)) }
      if (redirect === undefined) {
        throw new LoginRequiredError(
          'LOGIN_NOT_POSSIBLE',
          'this platform has nowhere to send a person; use startLogin and finishLogin',
        )
      }
      // nothing is awaited before: a browser opens a window only while it still counts the click
      const visit = await redirect.begin(signal, { mode, redirectUri: flow.redirectUri })
      let mine: string | undefined
      try {
        const { url, pending } = await begin(visit.redirectUri, options)
        mine = pendingKey(pending.state)
        const callback = await untilAborted(visit.go(url), signal)
        if (stateOf(callback) !== pending.state) throw mismatch('unknown', 'the callback is that of another login')
        return await complete(await take(callback), callback, signal)
      } catch (error) {
        // a page that the back button brought back can be left again by the forward button
        const comesBack = platform.arrival !== undefined && (mode ?? 'redirect') === 'redirect' && !signal?.aborted
        if (mine !== undefined && !comesBack) await store.delete(mine).catch(() => {})
        throw error
      } finally {
        await visit.end()
      }
    },

    async start(options = {}) {
      const { redirectUri = flow.redirectUri, ...rest } = options
      rest.signal?.throwIfAborted()
      checkReturnTo(rest.returnTo)
      if (redirectUri === undefined) {
        throw new ConfigurationError(
          'BAD_OPTION',
          'startLogin needs redirectUri: the URL, registered with the credential, that IMS sends the person back to',
        )
      }
      return (await begin(redirectUri, rest)).url
    },

    async finish(callback, { signal } = {}) {
      signal?.throwIfAborted()
      const url = parseCallback(callback)
      const same = `${stateOf(url)} ${url.searchParams.get('code') ?? ''}`
      let work = finished.get(same)
      if (work === undefined) {
        // not aborted with its caller: the code is spent, and a page that is rendered twice asks again
        const taken = take(url)
        work = taken.then((pending) => complete(pending, url))
        if (platform.sharing !== false) finished.set(same, work)
        if (finished.size > rememberedCallbacks) finished.delete(finished.keys().next().value ?? '')
        taken.catch(() => finished.delete(same))
      }
      return untilAborted(work, signal)
    },

    async arrive() {
      const { arrival } = platform
      const url = arrival?.url()
      // a page that is rendered twice asks twice, the second time after the address was cleared
      if (arrival === undefined || url === undefined)
        return arrived?.at === arrival?.here() ? arrived?.result : undefined
      arrival.clear()
      const result = land(arrival, url)
      arrived = { at: arrival.here(), result }
      return result
    },
  }
  return login

  async function land(arrival: Arrival, url: URL): Promise<LoginResult | undefined> {
    const pending = await pendingLogin(store, url)
    const elsewhere = pending === undefined || (pending.mode ?? 'redirect') !== 'redirect'
    if (elsewhere && (await arrival.handOver(url))) return undefined
    const result = await login.finish(url)
    arrival.completed()
    return result
  }

  function checkReturnTo(returnTo: string | undefined): void {
    if (returnTo === undefined || platform.arrival === undefined || platform.arrival.accepts(returnTo)) return
    throw new ConfigurationError(
      'BAD_OPTION',
      'returnTo must be an address of this app: a path such as /inbox, or a URL of the same origin',
    )
  }
}

/** The login that `callback` answers, where it was begun here. */
export async function pendingLogin(store: Store, callback: URL): Promise<PendingLogin | undefined> {
  return parsePending(await store.get(pendingKey(stateOf(callback))))
}

export function unknownLogin(): LoginRequiredError {
  return mismatch('unknown', 'no login with this state was begun here, or it was finished already or took too long')
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
  // not by origin, which is "null" for every private-use scheme
  const place = ({ protocol, host, pathname }: URL) => `${protocol}//${host}${pathname}`
  const [asked, reached] = [place(new URL(redirectUri)), place(callback)]
  if (asked === reached) return
  const message = `IMS came back at ${reached} instead of ${asked}`
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
