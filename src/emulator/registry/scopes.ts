import { nameList, quote, Refusal } from '../http/refusal.ts'
import type { RegisteredClient } from './clients.ts'

/** Scopes of a request: separated by blanks or commas, without duplicates. */
export function parseScopes(text: string | null): string[] {
  return [...new Set((text ?? '').split(/[\s,]+/).filter(Boolean))]
}

/** Throws `invalid_scope` if the client may not request these scopes. */
export function requireClientScopes(client: RegisteredClient, requested: readonly string[]): void {
  const known = new Set(client.scopes ?? requested)
  const unknown = requested.filter((scope) => !known.has(scope))
  if (unknown.length === 0) return
  throw new Refusal(
    400,
    'invalid_scope',
    `client ${quote(client.clientId)} may not request ${nameList(unknown.map(quote))}; allow it with the option scopes of the emulator`,
  )
}

/** The requested subset of `granted`; all of it if no scopes are requested. */
export function narrowScopes(granted: readonly string[], requested: readonly string[]): readonly string[] {
  if (requested.length === 0) return granted
  const known = new Set(granted)
  const more = requested.filter((scope) => !known.has(scope))
  if (more.length === 0) return requested
  throw new Refusal(
    400,
    'invalid_scope',
    `${nameList(more.map(quote))} was not granted before; granted scopes: ${nameList(granted)}`,
  )
}
