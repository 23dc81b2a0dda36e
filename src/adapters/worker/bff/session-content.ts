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
  const content = parseContent(decrypted?.value)
  if (content === undefined) cookies.clear(name)
  return content && decrypted && { content, stale: decrypted.stale }
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
function toJson({ id, startedAt, csrf, subject, user, tokens }: SessionContent): Json {
  return {
    id,
    startedAt,
    csrf,
    ...(subject !== undefined && { subject }),
    ...(user !== undefined && { user }),
    ...(tokens !== undefined && { tokens: withoutClaims(tokens) }),
  }
}

function withoutClaims(tokens: Json): Json {
  if (!isObject(tokens)) return tokens
  return Object.fromEntries(
    Object.entries(tokens).flatMap(([key, value]) => (key === 'claims' || value === undefined ? [] : [[key, value]])),
  )
}

/** The cookie may be from another version of this library. */
function parseContent(value: Json | undefined): SessionContent | undefined {
  if (!isObject(value)) return undefined
  const { id, startedAt, csrf, subject, user, tokens } = value
  if (typeof id !== 'string' || typeof startedAt !== 'number' || typeof csrf !== 'string') return undefined
  if (subject !== undefined && typeof subject !== 'string') return undefined
  if (user !== undefined && !isClaims(user)) return undefined
  return { id, startedAt, csrf, subject, user, tokens }
}

const isClaims = (value: Json): value is { readonly [claim: string]: Json } => isObject(value)
