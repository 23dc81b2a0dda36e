import { Refusal } from '../http/refusal.ts'
import type { RegisteredClient } from './clients.ts'

/** Scopes of a request: separated by blanks or commas, without duplicates. */
export function parseScopes(text: string | null): string[] {
  return [...new Set((text ?? '').split(/[\s,]+/).filter(Boolean))]
}

/** Throws `invalid_scope` if the client may not request these scopes. */
export function requireClientScopes(client: RegisteredClient, requested: readonly string[]): void {
  const known = new Set(client.scopes ?? requested)
  if (requested.some((scope) => !known.has(scope)))
    throw new Refusal(400, 'invalid_scope', 'invalid scope(s) requested')
}

/** The requested subset of `granted`; all of it if no scopes are requested. */
export function narrowScopes(granted: readonly string[], requested: readonly string[]): readonly string[] {
  if (requested.length === 0) return granted
  const known = new Set(granted)
  if (requested.some((scope) => !known.has(scope))) {
    throw new Refusal(400, 'invalid_scope', 'requested scopes exceed the granted ones')
  }
  return requested
}
