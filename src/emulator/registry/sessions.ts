import { tokenId } from '../tokens/token-id.ts'
import type { RegisteredClient } from './clients.ts'
import type { TokenSubject } from './users.ts'

/** Name of the session cookie, as at IMS. */
export const sessionCookieName = 'ims_sid'

/** A user signed in at the emulator, in one browser. */
export interface SignInSession {
  readonly id: string
  readonly user: TokenSubject
  /** Protects the consent form against posts from other sites. */
  readonly formToken: string
}

/** The signed-in users and their consents. */
export interface Sessions {
  start(user: TokenSubject, now: number): SignInSession
  find(id: string | undefined): SignInSession | undefined
  end(id: string): void
  consent(user: TokenSubject, client: RegisteredClient, scopes: readonly string[]): void
  hasConsent(user: TokenSubject, client: RegisteredClient, scopes: readonly string[]): boolean
}

const maxSessions = 10_000

/** The newest sessions and all consents, in memory. Consents outlive sessions. */
export function createSessions(): Sessions {
  const sessions = new Map<string, SignInSession>()
  const consents = new Map<string, Set<string>>()
  const consentKey = (user: TokenSubject, client: RegisteredClient) => JSON.stringify([user.userId, client.clientId])
  return {
    start(user, now) {
      const session = { id: tokenId(now), user, formToken: crypto.randomUUID() }
      sessions.set(session.id, session)
      const [oldest = ''] = sessions.keys()
      if (sessions.size > maxSessions) sessions.delete(oldest)
      return session
    },
    find: (id) => (id === undefined ? undefined : sessions.get(id)),
    end: (id) => void sessions.delete(id),
    consent(user, client, scopes) {
      const key = consentKey(user, client)
      consents.set(key, new Set([...(consents.get(key) ?? []), ...scopes]))
    },
    hasConsent(user, client, scopes) {
      if (client.consent === false) return true
      const given = consents.get(consentKey(user, client))
      return given !== undefined && scopes.every((scope) => given.has(scope))
    },
  }
}

/** `Set-Cookie` for a session; without an id it removes the cookie. */
export function sessionCookieHeader(endpoint: string, id: string | undefined): string {
  const secure = endpoint.startsWith('https:') ? '; Secure' : ''
  const age = id === undefined ? '; Max-Age=0' : ''
  return `${sessionCookieName}=${id ?? ''}; Path=/; HttpOnly; SameSite=Lax${secure}${age}`
}
