import type { RegisteredClient } from '../registry/clients.ts'
import type { TokenSubject } from '../registry/users.ts'

export type TokenType = 'access_token' | 'refresh_token' | 'authorization_code' | 'promise_token'

/** One authorization. All tokens that are issued from it share it, and can be revoked together. */
export interface Authorization {
  readonly client: RegisteredClient
  readonly subject: TokenSubject
  readonly scopes: readonly string[]
  readonly sessionId: string
  /** `state` of the authorization request, which IMS copies into its tokens. */
  readonly state?: string
  readonly nonce?: string
  /** The client that acts for the subject (on-behalf-of). */
  readonly actor?: { readonly client_id: string; readonly act?: unknown }
}

/** The values that an authorization code is bound to. */
export interface CodeBinding {
  readonly redirectUri: string
  readonly challenge?: { readonly value: string; readonly method: 'S256' | 'plain' }
}

/** A token in the emulator's memory. */
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
  /** Whether it was redeemed: a code or refresh token works once. */
  used: boolean
  revoked: boolean
  /** Whether the overview expired it before its time. */
  expiredEarly?: boolean
}

/** All issued tokens. */
export interface TokenLedger {
  add(token: IssuedToken): IssuedToken
  find(value: string): IssuedToken | undefined
  /** The newest tokens, newest first. */
  newest(count: number): readonly IssuedToken[]
  readonly size: number
  /** Revokes every token of the authorization. */
  revokeFamily(authorization: Authorization): void
  revokeSession(sessionId: string): void
}

const maxTokens = 20_000

/** Stores the newest tokens only, so that a long-running emulator has limited memory. */
export function createTokenLedger(): TokenLedger {
  const tokens = new Map<string, IssuedToken>()
  const revokedFamilies = new WeakSet<Authorization>()
  const revokeAll = (matches: (token: IssuedToken) => boolean) => {
    for (const token of tokens.values()) if (matches(token)) token.revoked = true
  }
  return {
    add(token) {
      // the family may have been revoked while the token was signed
      if (revokedFamilies.has(token.authorization)) token.revoked = true
      tokens.set(token.value, token)
      for (const oldest of tokens.keys()) {
        if (tokens.size <= maxTokens) break
        tokens.delete(oldest)
      }
      return token
    },
    find: (value) => tokens.get(value),
    newest: (count) => [...tokens.values()].slice(-count).reverse(),
    get size() {
      return tokens.size
    },
    revokeFamily(authorization) {
      revokedFamilies.add(authorization)
      revokeAll((token) => token.authorization === authorization)
    },
    revokeSession: (sessionId) => revokeAll((token) => token.authorization.sessionId === sessionId),
  }
}

/** Whether the token has expired at `now`. */
export function isExpired(token: IssuedToken, now: number): boolean {
  return token.expiredEarly === true || now >= token.createdAt + token.expiresIn
}
