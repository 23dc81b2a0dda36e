import { claimsOf } from '../ims/decode-token.ts'
import { foreignHost } from '../ims/host.ts'
import { parseTokens, scopesOf, type Tokens } from '../ims/tokens.ts'
import { isObject } from '../json.ts'
import type { Json, Store } from '../ports.ts'
import type { ContextStore, PreparedTokens, StoredToken, TokenPatch } from './contexts.ts'

/** What a token in a context must have been issued for. */
export interface TokenOwner {
  readonly endpoint: string
  /** `undefined` if the context does not name its client. */
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
}

/** A context, its store and the owner of its tokens. */
export interface ContextPlace {
  readonly contexts: ContextStore
  readonly name: string
  readonly owner: TokenOwner
  /** Holds the notes about renewals in progress, which do not belong in a context. */
  readonly notes: Store
}

const notePrefix = 'imskit/renewals/'

/**
 * A {@link Store} whose one entry is in a context, as `access_token` and `refresh_token`, as in `@adobe/aio-lib-ims`. A
 * token that was issued for another client, environment or scope is ignored.
 *
 * A note about a renewal is stored only if the tokens that follow it can be written.
 */
export function tokensInContext({ contexts, name, owner, notes }: ContextPlace): Store {
  let prepared: PreparedTokens | undefined
  const isNote = (key: string) => key.startsWith(notePrefix)
  // contexts of one client have the same key, but each is renewed separately
  const noteKey = (key: string) => `${notePrefix}${JSON.stringify(name)}${key.slice(notePrefix.length)}`

  function release(): void {
    prepared?.discard()
    prepared = undefined
  }

  async function writeTokens(patch: TokenPatch): Promise<void> {
    try {
      await (prepared === undefined ? contexts.writeTokens(name, patch) : prepared.write(patch))
    } finally {
      release()
    }
  }

  return {
    async get(key) {
      if (isNote(key)) return notes.get(noteKey(key))
      const { data } = await contexts.read(name)
      if (!isObject(data)) return undefined
      const usable = (value: Json | undefined) => readStored(value, key, owner)
      return fromContext(usable(data.access_token), usable(data.refresh_token))
    },
    async set(key, value, expiresAt) {
      if (isNote(key)) {
        release()
        // the note of a finished renewal is not followed by tokens
        if (!isObject(value) || value.ended === undefined) prepared = await contexts.prepareTokens?.(name)
        return notes.set(noteKey(key), value, expiresAt).catch((error) => {
          release()
          throw error
        })
      }
      const tokens = parseTokens(value)
      if (tokens !== undefined) await writeTokens(toContext(tokens, key))
    },
    async delete(key) {
      release()
      if (isNote(key)) return notes.delete(noteKey(key))
      await contexts.writeTokens(name, { access_token: undefined, refresh_token: undefined })
    },
    keys: async () => [],
  }
}

function fromContext(access: StoredToken | undefined, refresh: StoredToken | undefined): Json | undefined {
  if (access === undefined && refresh === undefined) return undefined
  return {
    accessToken: access?.token ?? '',
    expiresAt: access?.expiry ?? 0,
    ...(access?.obtained_at !== undefined && { obtainedAt: access.obtained_at }),
    ...(refresh && { refreshToken: refresh.token }),
    ...(refresh && Number.isFinite(refresh.expiry) && { refreshExpiresAt: refresh.expiry }),
    ...(access && { scopes: scopesOf(claimsOf(access.token)?.scope) ?? null }),
  }
}

// @adobe/aio-lib-ims needs a number; a refresh token without a known expiry is valid for 14 days at IMS
const refreshLifetime = 14 * 24 * 3_600_000

function toContext(tokens: Tokens, bound: string): TokenPatch {
  const { accessToken, expiresAt, obtainedAt, refreshToken, refreshExpiresAt } = tokens
  const access = {
    token: accessToken,
    expiry: expiresAt,
    ...(obtainedAt !== undefined && { obtained_at: obtainedAt }),
    for: bound,
  }
  const refreshExpiry = refreshExpiresAt ?? (obtainedAt ?? expiresAt) + refreshLifetime
  return {
    access_token: accessToken === '' ? undefined : access,
    refresh_token: refreshToken === undefined ? undefined : { token: refreshToken, expiry: refreshExpiry, for: bound },
  }
}

/** A stored token, if it was issued for `owner`, by its `for` or else by its claims; otherwise `undefined`. */
export function readStored(
  value: Json | undefined,
  bound: string | undefined,
  owner?: TokenOwner,
): StoredToken | undefined {
  if (!isObject(value)) return undefined
  const { token, expiry, obtained_at, for: issuedFor } = value
  const expiresAt = Number(expiry)
  if (typeof token !== 'string' || token === '' || !Number.isFinite(expiresAt)) return undefined
  if (issuedFor !== undefined && bound !== undefined && issuedFor !== bound) return undefined
  if (issuedFor === undefined && owner !== undefined && !claimsMatch(token, owner)) return undefined
  return { token, expiry: expiresAt, ...(typeof obtained_at === 'number' && { obtained_at }) }
}

function claimsMatch(token: string, { endpoint, clientId, scopes }: TokenOwner): boolean {
  const claims = claimsOf(token)
  if (claims === undefined) return true
  const granted = scopesOf(claims.scope)
  const sameClient = claims.client_id === undefined || clientId === undefined || claims.client_id === clientId
  return (
    foreignHost(claims, endpoint) === undefined && sameClient && (granted === undefined || isSameSet(granted, scopes))
  )
}

/** Without scopes in the context, any granted scopes match. */
function isSameSet(granted: readonly string[], requested: readonly string[]): boolean {
  if (requested.length === 0) return true
  return granted.length === requested.length && requested.every((scope) => granted.includes(scope))
}
