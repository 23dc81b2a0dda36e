import { claimsOf } from '../ims/decode-token.ts'
import { foreignHost } from '../ims/host.ts'
import { parseTokens, scopesOf, type Tokens } from '../ims/tokens.ts'
import { isObject } from '../json.ts'
import type { Json, Store } from '../ports.ts'
import type { ContextStore, PreparedTokens, StoredToken, TokenPatch } from './contexts.ts'

/** For whom a token found in a context must have been issued. */
export interface TokenOwner {
  readonly endpoint: string
  /** Absent where the context leaves the client to others. */
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
}

/** A context and what belongs to it. */
export interface ContextPlace {
  readonly contexts: ContextStore
  readonly name: string
  readonly owner: TokenOwner
  /** Holds the notes about renewals under way, which do not belong in a context. */
  readonly notes: Store
}

const notePrefix = 'imskit/renewals/'

/**
 * A {@link Store} whose one entry lives in a context, as `access_token` and `refresh_token`, where `@adobe/aio-lib-ims`
 * looks for it. A token that was issued for another client, environment or scope is not there.
 *
 * A note about a renewal is stored only if the tokens that will follow it can be written.
 */
export function tokensInContext({ contexts, name, owner, notes }: ContextPlace): Store {
  let prepared: PreparedTokens | undefined
  const isNote = (key: string) => key.startsWith(notePrefix)
  // contexts of one client share their keys, and each has a renewal of its own
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
        // a renewal that has ended writes nothing more
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

// the old library wants a number; a refresh token that does not say when it ends lives 14 days at IMS
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

/** A stored token, if it is one and was issued for `owner`; its own claims speak where nothing else does. */
export function readStored(
  value: Json | undefined,
  bound: string | undefined,
  owner?: TokenOwner,
): StoredToken | undefined {
  if (!isObject(value)) return undefined
  const { token, expiry, obtained_at, for: issuedFor } = value
  const ends = Number(expiry)
  if (typeof token !== 'string' || token === '' || !Number.isFinite(ends)) return undefined
  if (issuedFor !== undefined && bound !== undefined && issuedFor !== bound) return undefined
  if (issuedFor === undefined && owner !== undefined && !claimsMatch(token, owner)) return undefined
  return { token, expiry: ends, ...(typeof obtained_at === 'number' && { obtained_at }) }
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

/** A context that names no scopes leaves them to others. */
function isSameSet(granted: readonly string[], asked: readonly string[]): boolean {
  if (asked.length === 0) return true
  return granted.length === asked.length && asked.every((scope) => granted.includes(scope))
}
