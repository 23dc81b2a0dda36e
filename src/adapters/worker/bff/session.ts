import type { LoginClient } from '../../../core/client.ts'
import { isImsError } from '../../../core/errors.ts'
import type { AuthorizedFetch } from '../../../core/fetch/authorized-fetch.ts'
import { keepUntil, parseTokens } from '../../../core/ims/tokens.ts'
import type { Json } from '../../../core/ports.ts'
import type { GetTokenOptions } from '../../../core/session/session.ts'
import { type SessionClient, sessionClient } from './session-client.ts'
import { clearSessionCookie, readSessionCookie, type SessionContent, writeSessionCookie } from './session-content.ts'
import type { SessionRequest, SessionsSetup } from './session-setup.ts'
import type { SessionTokens } from './session-tokens.ts'

/** The session of a signed-in user, for one request. */
export interface AuthSession {
  /** The claims of the ID token about the user. */
  readonly user: { readonly [claim: string]: Json } | undefined
  /** The browser app sends it as `x-csrf-token` with every request that changes something. */
  readonly csrfToken: string
  /** When the user has to sign in again at the latest, ms since the epoch. */
  readonly expiresAt: number
  /**
   * A valid access token; renewed if that is due. A session that cannot set cookies any more returns a token until it
   * expires, and redeems no refresh token.
   *
   * @throws {LoginRequiredError} `LOGIN_REQUIRED`: the user has to sign in again
   * @throws {UnavailableError} IMS or the store does not answer, and the session remains. `SESSION_READ_ONLY`: a renewal
   *   is due whose tokens could not be stored; `SESSION_OUTDATED`: the browser has a newer cookie than this one
   */
  getToken(options?: GetTokenOptions): Promise<string>
  /** `fetch` with the token, for `allowedOrigins` only. */
  readonly fetch: AuthorizedFetch
  /** The `Set-Cookie` lines for the response. Call it last: afterwards, a session in cookies does not renew its token. */
  cookies(): Promise<string[]>
  /** A copy of `response` with these lines. */
  apply(response: Response): Promise<Response>
}

/** A session with the methods for the handler itself. */
export interface OpenSession extends AuthSession {
  readonly content: SessionContent
  readonly client: LoginClient
  /** Whether it may redeem its refresh token. */
  canRenew(): boolean
  /** Updates the session's cookie in the response. */
  updateCookie(): Promise<void>
  /** Marks the session as signed out: the response clears its cookie. */
  close(): void
}

/** What may be passed to `getSession` together with the request. */
export interface SessionContext {
  /** Keeps the runtime alive until `work` settles. */
  waitUntil?(work: Promise<unknown>): void
  /** The response cannot set cookies, as in a server component: the session redeems no refresh token. */
  readonly readOnly?: boolean | undefined
}

/** An open session and what has happened to it during the request. */
interface State {
  readonly setup: SessionsSetup
  readonly request: SessionRequest
  readonly content: SessionContent
  readonly opened: SessionClient
  /** Whether the cookie was encrypted with an older secret. */
  readonly stale: boolean
  closed: boolean
}

/** The session in the cookie of a request, even if it was revoked elsewhere. */
export async function readSession(setup: SessionsSetup, request: SessionRequest): Promise<OpenSession | undefined> {
  const found = await readSessionCookie(setup, request.cookies)
  if (found === undefined) return undefined
  const { content, stale } = found
  const opened = sessionClient(setup, request, { ...content, stored: content.tokens })
  return openSession(setup, request, { content, opened, stale })
}

/**
 * The session of a request, unless it has expired or was revoked.
 *
 * @throws {UnavailableError} `STORE_FAILED`
 */
export async function currentSession(setup: SessionsSetup, request: SessionRequest): Promise<OpenSession | undefined> {
  const session = await readSession(setup, request)
  if (session === undefined) return undefined
  const expired = session.content.startedAt + setup.maxAge <= setup.clock.now()
  if (!expired && !(await setup.revocations.isRevoked(session.content))) return session
  clearSessionCookie(request.cookies)
  return undefined
}

/** The session of `content`, for one request. */
export function openSession(
  setup: SessionsSetup,
  request: SessionRequest,
  given: { readonly content: SessionContent; readonly opened: SessionClient; readonly stale: boolean },
): OpenSession {
  const state: State = { setup, request, ...given, closed: false }
  const { content, opened } = given
  const { client, access } = opened
  return {
    content,
    client,
    user: content.user,
    csrfToken: content.csrf,
    get expiresAt() {
      return expiryOf(state)
    },
    getToken: (options) => closeIfSignedOut(state, () => getToken(opened, options)),
    fetch: (input, init) => closeIfSignedOut(state, () => client.fetch(input, init)),
    cookies: () => cookieLines(state),
    apply: async (response) => withCookies(response, await cookieLines(state)),
    canRenew: () => !access.closed,
    updateCookie: () => updateCookie(state),
    close() {
      state.closed = true
    },
  }
}

/** When the session expires: with its tokens, if nothing can renew them. */
function expiryOf({ setup, content, opened }: State): number {
  const until = content.startedAt + setup.maxAge
  const tokens = parseTokens(opened.tokens.current())
  return tokens === undefined ? until : Math.min(until, keepUntil(tokens) ?? until)
}

async function getToken({ client, access }: SessionClient, options: GetTokenOptions = {}): Promise<string> {
  return client.getToken(access.closed && !options.force ? { ...options, minValidity: 0 } : options)
}

/** Does `work`, and closes the session if its tokens are not valid any more. */
async function closeIfSignedOut<T>(state: State, work: () => Promise<T>): Promise<T> {
  const { client, tokens } = state.opened
  try {
    return await work()
  } catch (error) {
    if (!isImsError(error) || error.name !== 'LoginRequiredError') throw error
    // a store that does not answer signs no user out
    requireStore(tokens)
    state.closed = true
    await client.forget().catch(() => {})
    throw error
  }
}

async function cookieLines(state: State): Promise<string[]> {
  await updateCookie(state)
  // the cookie of a later renewal would be lost
  if (state.setup.store === undefined) state.opened.access.closed = true
  return state.request.cookies.lines()
}

async function updateCookie(state: State): Promise<void> {
  const { setup, request, content, opened } = state
  const { tokens, background } = opened
  const { cookies } = request
  await Promise.allSettled(background)
  const changed = state.stale || (setup.store === undefined && tokens.changed())
  if (!state.closed && !changed) return
  const signedOut = state.closed || (setup.store === undefined && tokens.current() === undefined)
  // another request may have revoked the session while this one renewed it
  if (signedOut || (await setup.revocations.isRevoked(content).catch(() => false))) return clearSessionCookie(cookies)
  const inCookie = setup.store === undefined ? tokens.current() : undefined
  await writeSessionCookie(setup, cookies, { content: { ...content, tokens: inCookie }, expiresAt: expiryOf(state) })
}

/** @throws {UnavailableError} `STORE_FAILED` if the store of the tokens did not answer */
export function requireStore(tokens: SessionTokens): void {
  const failure = tokens.failure()
  if (failure !== undefined) throw failure
}

/** A copy of `response` that sets cookies. */
export function withCookies(response: Response, lines: readonly string[]): Response {
  if (lines.length === 0) return response
  const copy = new Response(response.body, response)
  for (const line of lines) copy.headers.append('set-cookie', line)
  return copy
}
