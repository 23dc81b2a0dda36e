import type { ClientOptions, LoginClient } from '../../../core/client.ts'
import { isImsError } from '../../../core/errors.ts'
import type { AuthorizedFetch } from '../../../core/fetch/authorized-fetch.ts'
import type { LoginFlow } from '../../../core/flows/login-flow.ts'
import { keepUntil, parseTokens } from '../../../core/ims/tokens.ts'
import type { Clock, Json, Lock, Store } from '../../../core/ports.ts'
import type { GetTokenOptions } from '../../../core/session/session.ts'
import type { CookieEncryption } from './cookie-encryption.ts'
import type { Cookies, SameSite } from './cookies.ts'
import { type Lent, lendClient } from './session-client.ts'
import { type SessionContent, sessionCookie } from './session-content.ts'
import type { EndedSessions } from './session-ended.ts'
import type { SessionTokens } from './session-tokens.ts'

/** What all sessions of one handler have in common. */
export interface SessionsSetup {
  readonly flow: LoginFlow
  /** The options of every client, but for what differs by request. */
  readonly client: Omit<ClientOptions<LoginFlow>, 'flow' | 'owner' | 'store' | 'lock' | 'pending' | 'waitUntil'>
  readonly lock: Lock
  readonly clock: Clock
  readonly encryption: CookieEncryption
  readonly store: Store | undefined
  /** What this process has just learned; ends with it. */
  readonly recent: Store
  readonly ended: EndedSessions
  /** ms from the login on */
  readonly maxAge: number
  readonly sameSite: SameSite
}

/** A person who is signed in, as far as one request is concerned. */
export interface AuthSession {
  /** What the id token says about the person, without what is about the token itself. */
  readonly user: { readonly [claim: string]: Json } | undefined
  /** To be sent back as `x-csrf-token` with whatever changes something. */
  readonly csrfToken: string
  /** When the person has to sign in again at the latest, ms since the epoch. */
  readonly expiresAt: number
  /**
   * An access token that is valid for a while; renewed if it is due. A session that cannot set cookies any more returns
   * a token that has not expired and redeems no refresh token.
   *
   * @throws {LoginRequiredError} `LOGIN_REQUIRED`: the session is over
   * @throws {UnavailableError} IMS or the store does not answer: the session is kept. `SESSION_READ_ONLY`: a renewal is
   *   due that could not be stored; `SESSION_OUTDATED`: this cookie is not the newest one
   */
  getToken(options?: GetTokenOptions): Promise<string>
  /** `fetch` with the token, for `allowedOrigins` only. */
  readonly fetch: AuthorizedFetch
  /** The `Set-Cookie` lines that have to go with the response. Ask last: a session in cookies renews nothing after it. */
  cookies(): Promise<string[]>
  /** A copy of `response` with these lines. */
  apply(response: Response): Promise<Response>
}

/** A session with what only the handler itself does to it. */
export interface OpenSession extends AuthSession {
  readonly content: SessionContent
  readonly client: LoginClient
  /** Whether it may redeem its refresh token. */
  canRenew(): boolean
  /** As `cookies`, without the lines. */
  settle(): Promise<void>
  /** It is over: the response takes the cookie away. */
  drop(): void
}

/** What may be given with a request to `getSession`. */
export interface SessionContext {
  /** Keeps the runtime alive until `work` ends. */
  waitUntil?(work: Promise<unknown>): void
  /** The response cannot set cookies any more, as in a server component: the session redeems no refresh token. */
  readonly readOnly?: boolean | undefined
}

/** What the request of one person is answered with. */
export interface Exchange {
  readonly cookies: Cookies
  /** What the runtime gave beside the request. */
  readonly context: unknown
}

/** The session that the cookie of a request names, whether or not it was ended elsewhere. */
export async function readSession(setup: SessionsSetup, exchange: Exchange): Promise<OpenSession | undefined> {
  const found = await sessionCookie.read(setup, exchange.cookies)
  if (found === undefined) return undefined
  const { content, stale } = found
  const lent = lendClient(setup, exchange, { ...content, held: content.tokens })
  return openSession(setup, exchange, { content, lent, stale })
}

/**
 * The session that a request belongs to.
 *
 * @throws {UnavailableError} `STORE_FAILED`
 */
export async function currentSession(setup: SessionsSetup, exchange: Exchange): Promise<OpenSession | undefined> {
  const session = await readSession(setup, exchange)
  if (session === undefined) return undefined
  const over = session.content.startedAt + setup.maxAge <= setup.clock.now()
  if (!over && !(await setup.ended.isEnded(session.content))) return session
  sessionCookie.clear(exchange.cookies)
  return undefined
}

/** The session of `content` for the length of one request. */
export function openSession(
  setup: SessionsSetup,
  exchange: Exchange,
  { content, lent, stale }: { readonly content: SessionContent; readonly lent: Lent; readonly stale: boolean },
): OpenSession {
  const { client, tokens, behind, access } = lent
  const { cookies } = exchange
  const until = content.startedAt + setup.maxAge
  let over = false

  /** When the session ends: with its tokens, where nothing can bring new ones. */
  function endsAt(): number {
    const held = parseTokens(tokens.held())
    return held === undefined ? until : Math.min(until, keepUntil(held) ?? until)
  }

  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isImsError(error) || error.name !== 'LoginRequiredError') throw error
      // a store that does not answer signs nobody out
      requireStore(tokens)
      over = true
      await client.forget().catch(() => {})
      throw error
    }
  }

  async function settle(): Promise<void> {
    await Promise.allSettled(behind)
    const toSeal = stale || (setup.store === undefined && tokens.changed())
    if (!over && !toSeal) return
    const gone = over || (setup.store === undefined && tokens.held() === undefined)
    // it may have been ended while this request was renewing it
    if (gone || (await setup.ended.isEnded(content).catch(() => false))) return sessionCookie.clear(cookies)
    const sealed = { ...content, tokens: setup.store === undefined ? tokens.held() : undefined }
    await sessionCookie.write(setup, cookies, { content: sealed, expiresAt: endsAt() })
  }

  const lines = async () => {
    await settle()
    // a renewal after this would be lost with its cookie
    if (setup.store === undefined) access.closed = true
    return cookies.lines()
  }
  const getToken = (options: GetTokenOptions = {}) =>
    client.getToken(access.closed && !options.force ? { ...options, minValidity: 0 } : options)
  return {
    content,
    client,
    user: content.user,
    csrfToken: content.csrf,
    get expiresAt() {
      return endsAt()
    },
    getToken: (options) => guarded(() => getToken(options)),
    fetch: (input, init) => guarded(() => client.fetch(input, init)),
    cookies: lines,
    apply: async (response) => withCookies(response, await lines()),
    canRenew: () => !access.closed,
    settle,
    drop() {
      over = true
    },
  }
}

/** @throws {UnavailableError} `STORE_FAILED` where the store behind the tokens did not answer */
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
