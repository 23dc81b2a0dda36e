import { ConfigurationError } from './errors.ts'
import { createEmitter, type Emit, type ImsEventOf, type ImsEventType } from './events.ts'
import { allowedOrigins } from './fetch/allowed-origins.ts'
import type { AuthorizedFetch } from './fetch/authorized-fetch.ts'
import { secretInPage } from './flows/credentials.ts'
import { type Flow, isLogin, isSilent, type LoginFlow, type SilentFlow } from './flows/flow.ts'
import type { Tokens } from './ims/tokens.ts'
import { lazy } from './lazy.ts'
import type { Login } from './login/login.ts'
import {
  abandon,
  createLanding,
  depart,
  type LoginOptions,
  type LoginResult,
  type RedirectOutcome,
  type StartLoginOptions,
  storedLogin,
} from './login/sign-in.ts'
import { checkCall } from './options.ts'
import { withPlatform } from './platform.ts'
import type { Json, Platform } from './ports.ts'
import { REDACTED, showAs } from './redact.ts'
import { requireRenewable } from './session/renewable.ts'
import { createSession, type GetTokenOptions, type Session } from './session/session.ts'
import { noteFailure } from './session/with-lock.ts'
import { type ConnectionOptions, caller, connect, requirePositive, type Setup, tokenKeyOf } from './setup.ts'

const loadLogin = /* @__PURE__ */ lazy(() => import('./login/login.ts'))
const loadFetch = /* @__PURE__ */ lazy(() => import('./fetch/authorized-fetch.ts'))

export interface ClientOptions<F extends Flow = Flow>
  extends Platform,
    Omit<ConnectionOptions, 'clock' | 'fetch' | 'readKey'> {
  /** How the credential becomes tokens. */
  readonly flow: F
  /** Whose tokens these are, where one store serves many people: part of their key. */
  readonly owner?: string
  /** ms that a token must still be valid for; default 600,000. */
  readonly minValidity?: number
  readonly onEvent?: Emit
  /** Where {@link Client.fetch} may send the token. Default: Adobe's API domains. */
  readonly allowedOrigins?: readonly string[]
}

/** A token and what is known about it. */
export interface TokenSet {
  readonly token: string
  /** ms since the epoch */
  readonly expiry: number
  /** Granted scopes, where known. */
  readonly scopes: readonly string[] | undefined
  /** Asked for and not granted, where that is known. */
  readonly missingScopes: readonly string[]
  /** Validated claims of the id token of the login. */
  readonly claims: { readonly [claim: string]: Json } | undefined
}

/** A client of one credential. */
export interface Client {
  /** The access token; silent: where a person is needed it rejects with `LOGIN_REQUIRED`. */
  getToken(options?: GetTokenOptions): Promise<string>
  /** As `getToken`, with expiry, scopes and id token claims. */
  getTokens(options?: GetTokenOptions): Promise<TokenSet>
  /** Forgets the tokens here; IMS is not told. */
  forget(): Promise<void>
  /**
   * Invalidates the tokens at IMS and forgets them here, the latter in any case. If IMS refuses or does not answer, it
   * rejects with that error after the tokens were forgotten, with an `error` event as well.
   */
  invalidate(options?: { signal?: AbortSignal }): Promise<void>
  /** `fetch` with the token, for allowed origins only. */
  readonly fetch: AuthorizedFetch
  /** Listens to events of one type. @returns a function that ends it */
  on<Type extends ImsEventType>(type: Type, listener: (event: ImsEventOf<Type>) => void): () => void
  /** Ends what is under way and every subscription. */
  close(): void
}

/** A client whose credential needs a person. */
export interface LoginClient extends Client {
  /** Sends the person to IMS and resolves to the access token once they are back. */
  login(options?: LoginOptions): Promise<string>
  /** The first half of a login: where to send the person. */
  startLogin(options?: StartLoginOptions): Promise<URL>
  /** The second half: the URL that the person came back on. */
  finishLogin(callback: URL | string, options?: { signal?: AbortSignal }): Promise<FinishedLogin>
  /**
   * Finishes a login by redirect on the page that IMS redirected to, and removes the answer from its address. Resolves to
   * how it went: a user who did not sign in is a result. `undefined` on any other page, and if another page waits for the
   * login. An address that answers no login of ours stays as it is, with an event `callback-ignored`. Every page that
   * can be a redirect URI calls it once it is loaded.
   *
   * @throws {LoginRequiredError} `STATE_MISMATCH` for an answer that was replayed, came too late or is for another client
   */
  handleRedirect(): Promise<RedirectResult | undefined>
  /**
   * Invalidates and forgets; resolves to the address that ends the user's session at IMS, which also ends their tokens
   * there. If IMS refuses to invalidate them or does not answer, that is an `error` event with `during: 'invalidating'`;
   * a caller that needs it as a result calls `invalidate` first.
   */
  logout(options?: { postLogoutRedirectUri?: string; signal?: AbortSignal }): Promise<URL>
}

/** How a login by redirect went. */
export type RedirectResult = RedirectOutcome<TokenSet>

export interface FinishedLogin extends TokenSet {
  readonly appState?: Json | undefined
  readonly returnTo?: string | undefined
}

/**
 * Makes a client. Nothing is read, sent or started before it is asked for a token.
 *
 * @throws {ConfigurationError} `BAD_OPTION`; `SECRET_IN_BROWSER` for a credential with a secret in a page
 */
export function createClient(options: ClientOptions<LoginFlow>): LoginClient
export function createClient(options: ClientOptions<SilentFlow>): Client
export function createClient(options: ClientOptions): Client | LoginClient
export function createClient(options: ClientOptions): Client | LoginClient {
  return assembleClient(options).client
}

/** A client with the session below it, for those who translate another API into it. */
export function assembleClient(given: ClientOptions): {
  client: Client | LoginClient
  session: Session
  setup: Setup
} {
  const { flow, owner, minValidity = 600_000, onEvent, allowedOrigins: origins, ...platform } = withPlatform(given)
  if (typeof flow !== 'object' || flow === null || !(isSilent(flow) || isLogin(flow)))
    throw new ConfigurationError('BAD_OPTION', 'createClient needs a flow, such as clientCredentials({…})')
  requirePlatform(platform)
  requireRenewable(flow, platform)
  if (flow.confidential && platform.allowsSecrets === false)
    throw secretInPage(`the secret of a ${flow.kind} credential`)
  if (minValidity !== 0) requirePositive('minValidity', minValidity)
  const allows = allowedOrigins(origins)
  const emitter = createEmitter(onEvent, platform.observe)
  const connection = connect(platform, emitter.emit)
  platform.report?.(emitter.emit)
  const call = caller(connection, platform, flow)
  let key: string | undefined
  const tokenKey = async () => {
    key ??= await tokenKeyOf(flow, (await call()).endpoint, owner)
    return key
  }
  const setup: Setup = { flow, platform, connection, call, minValidity, tokenKey }
  const session = createSession(setup)
  const closing = new AbortController()
  const getToken = async (asked?: GetTokenOptions) => {
    const warm = asked === undefined ? session.warm() : undefined
    return warm === undefined ? (await session.current(asked)).accessToken : warm.accessToken
  }
  const client: Client = {
    getToken,
    getTokens: async (asked) => tokenSet(await session.current(asked), flow),
    forget: () => session.forget(),
    async invalidate(options) {
      checkCall('invalidate', options)
      const { signal } = options ?? {}
      const { forgetting, telling } = await end(setup, session, signal)
      if (telling !== undefined) noteFailure(setup, telling.error, 'invalidating')
      const failure = forgetting ?? telling
      if (failure !== undefined) throw failure.error
    },
    async fetch(input, init) {
      const { authorizedFetch } = await loadFetch()
      const { clientId, orgId } = flow
      return authorizedFetch({ getToken, clientId, orgId, allows, fetch: platform.fetch })(input, init)
    },
    on: emitter.on,
    close() {
      const reason = new DOMException('the client was closed', 'AbortError')
      closing.abort(reason)
      session.close(reason)
      emitter.clear()
    },
  }
  const whole = isLogin(flow)
    ? { ...client, ...loginMethods({ setup, flow, session, closing: closing.signal }) }
    : client
  const shown = showAs(
    whole,
    () =>
      `${isLogin(flow) ? 'LoginClient' : 'Client'} { flow: ${flow.kind}, clientId: ${flow.clientId}, endpoint: ${connection.endpoint} }`,
  )
  return { client: shown, session, setup }
}

interface LoginParts {
  readonly setup: Setup
  readonly flow: LoginFlow
  readonly session: Session
  readonly closing: AbortSignal
}

function loginMethods({ setup, flow, session, closing }: LoginParts): Omit<LoginClient, keyof Client> {
  const { platform } = setup
  let made: Login | undefined
  const login = async () => {
    const { createLogin } = await loadLogin()
    made ??= createLogin(setup, flow, session)
    return made
  }
  const landing = createLanding({
    arrival: platform.arrival,
    isOurs: async (url) => (await storedLogin(platform.pending ?? platform.store, url)) !== undefined,
    finish: async (arrival, url) => ({ result: (await login()).land(arrival, url) }),
  })
  session.onForget(landing.forget)
  const finished = ({ tokens, ...rest }: LoginResult): FinishedLogin => Object.assign(tokenSet(tokens, flow), rest)
  const untilClosed = <Options extends { signal?: AbortSignal | undefined }>(options?: Options) => {
    checkCall('a login', options)
    return { ...options, signal: options?.signal ? AbortSignal.any([options.signal, closing]) : closing } as Options
  }
  return {
    async login(options) {
      const asked = untilClosed(options)
      const departure = depart(platform, flow, asked)
      const { run } = await login().catch(async (error) => {
        await abandon(departure)
        throw error
      })
      return (await run(departure, asked)).tokens.accessToken
    },
    startLogin: async (options) => (await login()).start(untilClosed(options)),
    finishLogin: async (callback, options) => finished(await (await login()).finish(callback, untilClosed(options))),
    async handleRedirect() {
      const result = await landing.read()
      return result?.status === 'signedIn' ? { ...result, tokens: tokenSet(result.tokens, flow) } : result
    },
    async logout(options) {
      checkCall('logout', options)
      const { postLogoutRedirectUri, signal } = options ?? {}
      const { forgetting, telling } = await end(setup, session, signal)
      if (forgetting !== undefined) throw forgetting.error
      // IMS being out of reach keeps nobody signed in here
      if (telling !== undefined) noteFailure(setup, telling.error, 'invalidating')
      setup.connection.emit({ type: 'logout', clientId: flow.clientId })
      // loaded last, as nothing that cannot be loaded keeps anybody signed in either
      return (await loadLogin()).logoutUrl(setup, postLogoutRedirectUri)
    },
  }
}

interface Failure {
  readonly error: unknown
}

/**
 * Ends the tokens here and at IMS, each whatever becomes of the other. The refresh token goes first, or it could still
 * bring new access tokens.
 */
async function end(
  { flow, connection, call: newCall }: Setup,
  session: Session,
  signal: AbortSignal | undefined,
): Promise<{ forgetting?: Failure; telling?: Failure }> {
  signal?.throwIfAborted()
  let tokens: Tokens | undefined
  const forgetting = await failureOf(() =>
    session.forget((found) => {
      tokens = found
    }),
  )
  if (tokens === undefined) return { ...(forgetting && { forgetting }) }
  const call = await newCall(signal)
  const { accessToken, expiresAt, refreshToken } = tokens
  const first =
    refreshToken !== undefined && (await failureOf(() => flow.invalidate(call, 'refresh_token', refreshToken)))
  const second =
    expiresAt > connection.clock.now() && (await failureOf(() => flow.invalidate(call, 'access_token', accessToken)))
  signal?.throwIfAborted()
  const telling = first || second
  return { ...(forgetting && { forgetting }), ...(telling && { telling }) }
}

async function failureOf(step: () => Promise<unknown>): Promise<Failure | undefined> {
  try {
    await step()
    return undefined
  } catch (error) {
    return { error }
  }
}

function tokenSet({ accessToken, expiresAt, scopes, claims }: Tokens, flow: Flow): TokenSet {
  // metascopes and scopes are different vocabularies: only a login's are compared
  const missing = scopes !== undefined && isLogin(flow) ? flow.scopes.filter((scope) => !scopes.includes(scope)) : []
  const set: TokenSet = { token: accessToken, expiry: expiresAt, scopes, missingScopes: missing, claims }
  return showAs(set, () => ({ ...set, token: REDACTED }))
}

function requirePlatform({ store, lock }: Platform): void {
  if (typeof store?.get === 'function' && typeof lock === 'function') return
  throw new ConfigurationError('BAD_OPTION', 'createClient needs a platform: spread one, such as ...memoryPlatform()')
}
