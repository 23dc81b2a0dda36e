import { type ClientOptions, checkedOptions } from './client-options.ts'
import { createEmitter, type ImsEventOf, type ImsEventType } from './events.ts'
import { authHeaders } from './fetch/auth-headers.ts'
import type { AuthorizedFetch } from './fetch/authorized-fetch.ts'
import type { SilentFlow } from './flows/flow.ts'
import { isLogin, type LoginFlow } from './flows/login-flow.ts'
import { lazy } from './lazy.ts'
import type { LoginMethods, TokenMethods } from './login/login-methods.ts'
import type { LoginGetTokenOptions } from './login/login-options.ts'
import { checkCall } from './options.ts'
import { showAs } from './redact.ts'
import { invalidateTokens } from './session/invalidate.ts'
import { inOperation } from './session/operation.ts'
import {
  type CachedTokenOptions,
  createSession,
  forgetTokens,
  type GetTokenOptions,
  type Session,
} from './session/session.ts'
import type { SessionMemory } from './session/state.ts'
import { connect, createSetup } from './setup.ts'
import { type TokenSet, tokenSet } from './token-set.ts'

export type { ClientOptions } from './client-options.ts'
export type { FinishedLogin, RedirectResult } from './login/login-methods.ts'
export type { TokenSet } from './token-set.ts'

const loadFetch = /* @__PURE__ */ lazy(() => import('./fetch/authorized-fetch.ts'))

/** A client of one credential. */
export interface Client {
  /**
   * The access token. Never asks the user: if a new token needs them, it rejects with `LOGIN_REQUIRED`.
   *
   * @example
   * const token = await client.getToken()
   */
  getToken(options?: GetTokenOptions): Promise<string>
  /** Like `getToken`, with expiry, scopes and id token claims. */
  getTokens(options?: GetTokenOptions): Promise<TokenSet>
  /**
   * A stored access token that has not expired, or `undefined`. Sends nothing and asks no user.
   *
   * @param options `minValidity`: the token must be valid for at least so many ms; default 0
   *
   * @example
   * const token = await client.getCachedToken()
   */
  getCachedToken(options?: CachedTokenOptions): Promise<string | undefined>
  /**
   * The headers of an API request: `authorization`, `x-api-key` and, if the organization is known, `x-gw-ims-org-id`. For
   * axios, got or curl. Unlike `fetch`, it does not check where the token goes: send it to Adobe's APIs only.
   *
   * @example
   * await axios.get('https://photoshop.adobe.io/v2/jobs', { headers: await client.authHeaders() })
   *
   * @throws what `getToken` throws
   */
  authHeaders(options?: GetTokenOptions): Promise<Record<string, string>>
  /** Removes the tokens from the store without invalidating them at IMS. */
  forget(): Promise<void>
  /**
   * Invalidates the tokens at IMS and removes them from the store, the latter in any case. If IMS refuses or does not
   * answer, it rejects with that error after the tokens were removed, with an `error` event as well.
   */
  invalidate(options?: { signal?: AbortSignal }): Promise<void>
  /**
   * `fetch` with the token, for allowed origins only.
   *
   * @example
   * const response = await client.fetch('https://photoshop.adobe.io/v2/jobs')
   */
  readonly fetch: AuthorizedFetch
  /** Subscribes `listener` to events of one type. @returns a function that unsubscribes it */
  on<Type extends ImsEventType>(type: Type, listener: (event: ImsEventOf<Type>) => void): () => void
  /** Aborts pending calls and removes every subscription. */
  close(): void
}

/** A client whose credential needs a user. */
export interface LoginClient extends Omit<Client, keyof TokenMethods | 'authHeaders'>, LoginMethods {
  /** The headers of an API request, as those of a {@link Client}; with `interaction: 'login'` it may ask the user. */
  authHeaders(options?: LoginGetTokenOptions): Promise<Record<string, string>>
}

/**
 * Creates a client. Nothing is read, sent or started until its first call.
 *
 * @example
 * const client = createClient({ flow: clientCredentials({ clientId, clientSecret, scopes }), ...nodePlatform() })
 * const token = await client.getToken()
 *
 * @throws {ConfigurationError} `BAD_OPTION`; `SECRET_IN_BROWSER` for a credential with a secret in a browser app
 */
export function createClient(options: ClientOptions<LoginFlow>): LoginClient
export function createClient(options: ClientOptions<SilentFlow>): Client
export function createClient(options: ClientOptions): Client | LoginClient
export function createClient(options: ClientOptions): Client | LoginClient {
  return assembleClient(options).client
}

/** A client with the session below it, for code that translates another API into it. */
export function assembleClient(given: ClientOptions): { client: Client | LoginClient; session: Session } {
  const options = checkedOptions(given)
  const { flow, platform, allows } = options
  const { emit, on, clear } = createEmitter(options.onEvent, platform.observe)
  const connection = connect(platform, emit)
  platform.report?.(emit)
  const setup = createSetup(options, connection)
  const session = createSession(setup)
  const closing = new AbortController()
  const getToken = async (asked?: GetTokenOptions) => {
    const warm = asked === undefined ? session.warm() : undefined
    return warm === undefined ? (await session.current(asked)).accessToken : warm.accessToken
  }
  const client: Client = {
    getToken,
    getTokens: async (asked) => tokenSet(await session.current(asked), flow),
    getCachedToken: async (asked) => (await session.cached(asked))?.accessToken,
    authHeaders: async (asked) => authHeaders(await shown.getToken(asked), flow),
    forget: () => forgetTokens(session.state),
    invalidate: (asked) => invalidate(session.state, asked),
    async fetch(input, init) {
      const { authorizedFetch } = await loadFetch()
      const { clientId, orgId } = flow
      return authorizedFetch({ getToken, clientId, orgId, allows, fetch: platform.fetch })(input, init)
    },
    on,
    close() {
      const reason = new DOMException('the client was closed', 'AbortError')
      closing.abort(reason)
      session.close(reason)
      clear()
    },
  }
  const parts = { setup, session: session.state, silent: client, closing: closing.signal }
  const login = isLogin(flow) && flow.login({ flow, ...parts })
  const facts = `flow: ${flow.kind}, clientId: ${flow.clientId}, endpoint: ${connection.endpoint}`
  const shown: Client | LoginClient = showAs(
    { ...client, ...login },
    () => `${login ? 'LoginClient' : 'Client'} { ${facts} }`,
  )
  return { client: shown, session }
}

async function invalidate(state: SessionMemory, options?: { signal?: AbortSignal }): Promise<void> {
  checkCall('invalidate', options)
  return inOperation(state, 'invalidating', async (own) => {
    const { here, atIms } = await invalidateTokens(own, options?.signal)
    const failure = here ?? atIms
    if (failure) throw failure.error
  })
}
