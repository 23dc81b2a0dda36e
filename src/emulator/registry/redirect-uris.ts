import { nameList, quote } from '../http/refusal.ts'
import type { RegisteredClient } from './clients.ts'

function parse(uri: string): URL | undefined {
  try {
    return new URL(uri)
  } catch {
    return undefined
  }
}

function matchesWhole(pattern: RegExp, text: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, '')).test(text)
}

/** Whether `uri` is one of the client's redirect URIs. */
export function isRegistered(client: RegisteredClient, uri: string): boolean {
  if (parse(uri) === undefined || uri.includes('#')) return false
  return client.redirectUris.some((known) => (typeof known === 'string' ? known === uri : matchesWhole(known, uri)))
}

/** The redirect URIs and patterns of a client, as they are written in the Adobe Developer Console. */
export function shownRedirectUris({ redirectUris }: RegisteredClient): string[] {
  return redirectUris.map((known) => (typeof known === 'string' ? known : known.source.replaceAll('\\/', '/')))
}

/** Why `requested` is not used as the redirect URI of an answer. */
export function whyUnmatched(client: RegisteredClient, requested: string | null): string {
  if (requested === null) return 'the request has no redirect_uri'
  const known = nameList(shownRedirectUris(client))
  return `redirect_uri ${quote(requested)} matches no redirect URI of client ${quote(client.clientId)}: ${known}`
}

/** The redirect URI of an answer: the requested one if it is registered, else the client's default, as in IMS. */
export function resolveRedirectUri(client: RegisteredClient, requested: string | null): string | undefined {
  return requested !== null && isRegistered(client, requested) ? requested : client.defaultRedirectUri
}

/** A pattern's origin: its source up to the first slash after "://", which `RegExp.source` writes as "\/". */
function originOfPattern({ source }: RegExp): string | undefined {
  const [, whole = ''] = /^\^?(?:\(\?:)?(.*)$/s.exec(source) ?? []
  const [scheme = '', ...rest] = whole.replaceAll('\\/', '/').split('://')
  const [authority = ''] = rest.join('://').split('/')
  if (scheme === '' || scheme.includes(':') || authority === '') return undefined
  return `${scheme}://${authority.endsWith('$') ? authority.slice(0, -1) : authority}`
}

function patternMatchesOrigin(pattern: RegExp, origin: string): boolean {
  if (matchesWhole(pattern, origin) || matchesWhole(pattern, `${origin}/`)) return true
  const source = originOfPattern(pattern)
  if (source === undefined) return false
  try {
    return matchesWhole(new RegExp(source), origin)
  } catch {
    return false
  }
}

/** Whether browser apps of `origin` may send requests as the client: those of its redirect URIs may. */
export function isAllowedOrigin(client: RegisteredClient, origin: string): boolean {
  if (client.allowedOrigins?.includes(origin)) return true
  return client.redirectUris.some((known) =>
    typeof known === 'string' ? parse(known)?.origin === origin : patternMatchesOrigin(known, origin),
  )
}
