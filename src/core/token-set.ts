import { type Flow, needsUser } from './flows/flow.ts'
import type { Tokens } from './ims/tokens.ts'
import type { Json } from './ports.ts'
import { REDACTED, showAs } from './redact.ts'

/** A token and what is known about it. */
export interface TokenSet {
  readonly accessToken: string
  /** ms since the epoch */
  readonly expiresAt: number
  /** Granted scopes, if known. */
  readonly scopes: readonly string[] | undefined
  /** Scopes that were requested and not granted, if known. */
  readonly missingScopes: readonly string[]
  /** Validated claims of the id token of the login. */
  readonly claims: { readonly [claim: string]: Json } | undefined
}

export function tokenSet({ accessToken, expiresAt, scopes, claims }: Tokens, flow: Flow): TokenSet {
  // metascopes and scopes are different vocabularies: only a login's are compared
  const missing = scopes !== undefined && needsUser(flow) ? flow.scopes.filter((scope) => !scopes.includes(scope)) : []
  const set: TokenSet = { accessToken, expiresAt, scopes, missingScopes: missing, claims }
  return showAs(set, () => ({ ...set, accessToken: REDACTED }))
}
