import type { RegisteredClient } from '../registry/clients.ts'
import type { TokenSubject } from '../registry/users.ts'

export type TokenType = 'access_token' | 'refresh_token' | 'authorization_code' | 'promise_token'

/** What was granted once; every token that comes from it shares it and can be revoked with it. */
export interface Authorization {
  readonly client: RegisteredClient
  readonly subject: TokenSubject
  readonly scopes: readonly string[]
  readonly sessionId: string
  /** `state` of the authorization request, which IMS copies into its tokens. */
  readonly state?: string
  readonly nonce?: string
  /** Who acts for the subject (on-behalf-of). */
  readonly actor?: { readonly client_id: string; readonly act?: unknown }
}

/** What an authorization code was bound to when it was issued. */
export interface CodeBinding {
  readonly redirectUri: string
  readonly challenge?: { readonly value: string; readonly method: 'S256' | 'plain' }
}

/** A token as the emulator remembers it. */
export interface IssuedToken {
  readonly value: string
  readonly type: TokenType
  readonly authorization: Authorization
  readonly scopes: readonly string[]
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** Milliseconds. */
  readonly expiresIn: number
  readonly binding?: CodeBinding
  /** Redeemed: a code or refresh token works once. */
  used: boolean
  revoked: boolean
}

/** Everything issued so far. */
export interface TokenLedger {
  add(token: IssuedToken): IssuedToken
  find(value: string): IssuedToken | undefined
  /** Revokes every token that came from the same authorization. */
  revokeFamily(authorization: Authorization): void
  revokeSession(sessionId: string): void
}

const maxTokens = 50_000

/** Keeps the youngest tokens, so that an emulator left running does not grow without end. */
export function createTokenLedger(): TokenLedger {
  const tokens = new Map<string, IssuedToken>()
  const revokedFamilies = new WeakSet<Authorization>()
  const revokeWhere = (matches: (token: IssuedToken) => boolean) => {
    for (const token of tokens.values()) if (matches(token)) token.revoked = true
  }
  return {
    add(token) {
      // Signing takes a while, in which the family can be revoked
      if (revokedFamilies.has(token.authorization)) token.revoked = true
      tokens.set(token.value, token)
      for (const oldest of tokens.keys()) {
        if (tokens.size <= maxTokens) break
        tokens.delete(oldest)
      }
      return token
    },
    find: (value) => tokens.get(value),
    revokeFamily(authorization) {
      revokedFamilies.add(authorization)
      revokeWhere((token) => token.authorization === authorization)
    },
    revokeSession: (sessionId) => revokeWhere((token) => token.authorization.sessionId === sessionId),
  }
}

/** Whether the token's time is over at `now`. */
export function isExpired(token: IssuedToken, now: number): boolean {
  return now >= token.createdAt + token.expiresIn
}
