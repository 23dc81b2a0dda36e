import { tokenId } from '../tokens/token-id.ts'
import type { Client } from './clients.ts'
import type { Subject } from './users.ts'

/** Name of the session cookie, as at IMS. */
export const sessionCookie = 'ims_sid'

/** A person signed in at the emulator, in one browser. */
export interface Session {
  readonly id: string
  readonly person: Subject
  /** Guards the consent form against posts from other pages. */
  readonly formToken: string
}

/** Who is signed in, and who consented to what. */
export interface Sessions {
  start(person: Subject, now: number): Session
  find(id: string | undefined): Session | undefined
  end(id: string): void
  consent(person: Subject, client: Client, scopes: readonly string[]): void
  hasConsent(person: Subject, client: Client, scopes: readonly string[]): boolean
}

const maxSessions = 10_000

/** The youngest sessions, and the consents, in memory. Consents outlive sessions. */
export function createSessions(): Sessions {
  const sessions = new Map<string, Session>()
  const consents = new Map<string, Set<string>>()
  const consentKey = (person: Subject, client: Client) => JSON.stringify([person.userId, client.clientId])
  return {
    start(person, now) {
      const session = { id: tokenId(now), person, formToken: crypto.randomUUID() }
      sessions.set(session.id, session)
      const [oldest = ''] = sessions.keys()
      if (sessions.size > maxSessions) sessions.delete(oldest)
      return session
    },
    find: (id) => (id === undefined ? undefined : sessions.get(id)),
    end: (id) => void sessions.delete(id),
    consent(person, client, scopes) {
      const key = consentKey(person, client)
      consents.set(key, new Set([...(consents.get(key) ?? []), ...scopes]))
    },
    hasConsent(person, client, scopes) {
      if (client.consent === false) return true
      const given = consents.get(consentKey(person, client))
      return given !== undefined && scopes.every((scope) => given.has(scope))
    },
  }
}

/** `Set-Cookie` for a session; without an id it removes the cookie. */
export function sessionCookieHeader(endpoint: string, id: string | undefined): string {
  const secure = endpoint.startsWith('https:') ? '; Secure' : ''
  const age = id === undefined ? '; Max-Age=0' : ''
  return `${sessionCookie}=${id ?? ''}; Path=/; HttpOnly; SameSite=Lax${secure}${age}`
}
