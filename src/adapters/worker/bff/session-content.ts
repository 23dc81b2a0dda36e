import * as base64url from '../../../core/base64url.ts'
import { isObject } from '../../../core/json.ts'
import { badOption } from '../../../core/options.ts'
import type { Clock, Json } from '../../../core/ports.ts'
import type { CookieEncryption } from './cookie-encryption.ts'
import type { Cookies, SameSite } from './cookies.ts'

/** Identifies a session; times in ms since the epoch. */
export interface SessionIdentity {
  readonly id: string
  readonly startedAt: number
  /** The user (`sub`), if the login returned an ID token. */
  readonly subject?: string | undefined
}

/** What the cookie of a session holds. */
export interface SessionContent extends SessionIdentity {
  readonly csrf: string
  readonly user?: { readonly [claim: string]: Json } | undefined
  /** The tokens, unless a store has them. */
  readonly tokens?: Json | undefined
}

export interface SessionCookieSetup {
  readonly encryption: CookieEncryption
  readonly clock: Pick<Clock, 'now'>
  readonly sameSite: SameSite
}

const name = 'imskit-session'
const cookie = { purpose: 'session', name } as const

/** Resolves to `undefined`, and clears the cookie, unless it holds a session of this handler. */
export async function readSessionCookie(
  { encryption }: Pick<SessionCookieSetup, 'encryption'>,
  cookies: Cookies,
): Promise<{ readonly content: SessionContent; readonly stale: boolean } | undefined> {
  const text = cookies.get(name)
  const decrypted = text === undefined ? undefined : await encryption.decrypt(cookie, text)
  if (decrypted !== undefined && isContent(decrypted.value)) return { content: decrypted.value, stale: decrypted.stale }
  cookies.clear(name)
  return undefined
}

/** @throws {ConfigurationError} `BAD_OPTION` if the content does not fit into cookies */
export async function writeSessionCookie(
  { encryption, clock, sameSite }: SessionCookieSetup,
  cookies: Cookies,
  { content, expiresAt }: { readonly content: SessionContent; readonly expiresAt: number },
): Promise<void> {
  const text = await encryption.encrypt({ ...cookie, value: toJson(content), expiresAt })
  if (cookies.set(name, text, { maxAge: expiresAt - clock.now(), sameSite })) return
  throw badOption('The tokens do not fit into cookies; give createAuthHandler a store, such as kvStore(namespace)')
}

export function clearSessionCookie(cookies: Cookies): void {
  cookies.clear(name)
}

/** A random text of 128 bits. */
export function randomText(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(16)))
}

/** Without the claims of the ID token: `user` has those that the app wants. */
function toJson({ tokens, ...rest }: SessionContent): Json {
  const { claims: _, ...stored } = isObject(tokens) ? tokens : {}
  return JSON.parse(JSON.stringify(tokens === undefined ? rest : { ...rest, tokens: stored })) as Json
}

/** Also rejects a cookie of another version of this library. */
function isContent(value: Json | undefined): value is Json & SessionContent {
  if (!isObject(value)) return false
  const { id, startedAt, csrf, subject, user } = value
  const complete = typeof id === 'string' && typeof startedAt === 'number' && typeof csrf === 'string'
  return complete && (subject === undefined || typeof subject === 'string') && (user === undefined || isObject(user))
}
