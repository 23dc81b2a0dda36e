import * as base64url from '../../../core/base64url.ts'
import { ConfigurationError } from '../../../core/errors.ts'
import { isObject } from '../../../core/json.ts'
import type { Clock, Json } from '../../../core/ports.ts'
import type { CookieEncryption } from './cookie-encryption.ts'
import type { Cookies, SameSite } from './cookies.ts'

/** Whose session, and since when; times in ms since the epoch. */
export interface SessionName {
  readonly id: string
  readonly startedAt: number
  /** The person, where the login said who it is. */
  readonly subject?: string | undefined
}

/** What the cookie of a session holds. */
export interface SessionContent extends SessionName {
  readonly csrf: string
  readonly user?: { readonly [claim: string]: Json } | undefined
  /** Where no store keeps them. */
  readonly tokens?: Json | undefined
}

export interface SessionCookieSetup {
  readonly encryption: CookieEncryption
  readonly clock: Pick<Clock, 'now'>
  readonly sameSite: SameSite
}

const name = 'imskit-session'
const cookie = { purpose: 'session', name } as const

/** The cookie that says who is signed in. */
export const sessionCookie = {
  /** `undefined` where there is none, or none of ours. */
  async read(
    { encryption }: SessionCookieSetup,
    cookies: Cookies,
  ): Promise<{ readonly content: SessionContent; readonly stale: boolean } | undefined> {
    const text = cookies.get(name)
    const decrypted = text === undefined ? undefined : await encryption.decrypt(cookie, text)
    const content = parseContent(decrypted?.value)
    if (content === undefined) cookies.clear(name)
    return content && decrypted && { content, stale: decrypted.stale }
  },

  /** @throws {ConfigurationError} `BAD_OPTION` where it does not fit */
  async write(
    { encryption, clock, sameSite }: SessionCookieSetup,
    cookies: Cookies,
    { content, expiresAt }: { readonly content: SessionContent; readonly expiresAt: number },
  ): Promise<void> {
    const text = await encryption.encrypt({ ...cookie, value: toJson(content), expiresAt })
    if (cookies.set(name, text, { maxAge: expiresAt - clock.now(), sameSite })) return
    const message = 'the tokens do not fit into cookies; give createAuthHandler a store, such as kvStore(namespace)'
    throw new ConfigurationError('BAD_OPTION', message)
  },

  clear: (cookies: Cookies) => cookies.clear(name),
}

/** 128 bits that nobody guesses. */
export function randomText(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(16)))
}

/** As JSON, and the claims once only: `user` has what is wanted of them. */
function toJson({ tokens, ...rest }: SessionContent): Json {
  if (!isObject(tokens)) return rest as unknown as Json
  const { claims: _, ...kept } = tokens
  return { ...rest, tokens: kept } as unknown as Json
}

// what opens was sealed by us, though perhaps by another version
function parseContent(value: Json | undefined): SessionContent | undefined {
  if (!isObject(value)) return undefined
  const { id, startedAt, csrf, subject, user } = value
  const whole = typeof id === 'string' && typeof startedAt === 'number' && typeof csrf === 'string'
  const fits = (subject === undefined || typeof subject === 'string') && (user === undefined || isObject(user))
  return whole && fits ? (value as unknown as SessionContent) : undefined
}
