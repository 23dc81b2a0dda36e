import { kindOf } from '../../../core/compat/context-kind.ts'
import { type ContextStore, type StoredToken, type TokenPatch, withTokens } from '../../../core/compat/contexts.ts'
import { jwtKind, serverToServerKind } from '../../../core/compat/credential-kinds.ts'
import { UnavailableError } from '../../../core/errors.ts'
import { copyData, isObject } from '../../../core/json.ts'
import type { Json } from '../../../core/ports.ts'
import type { StateTokenStore } from './store-state.ts'

/** As long as an access token is valid for more than that, in ms, State is not asked for a newer one. */
const reliable = 600_000

/**
 * Named contexts of an I/O Runtime action: the contexts themselves in memory, their tokens in the State service, so
 * that the next container finds them. As in the old library `local` keeps the tokens that come with a context out of
 * State; nothing is reported as `local`.
 *
 * @param connect makes the connection to State at first use
 */
export function actionContexts(connect: () => StateTokenStore): ContextStore {
  const contexts = new Map<string, Json>()
  const tokens = new Map<string, TokenPatch>()
  const ownTokens = new Set<string>()
  let connected: StateTokenStore | undefined
  let current: string | undefined

  function state(): StateTokenStore {
    connected ??= connect()
    return connected
  }

  async function tokensOf(name: string): Promise<TokenPatch> {
    const known = tokens.get(name)
    if (known !== undefined && (ownTokens.has(name) || isLasting(known))) return known
    try {
      const stored = ((await state().get(name)) ?? {}) as TokenPatch
      tokens.set(name, stored)
      return stored
    } catch (error) {
      // a machine can obtain a new token; the refresh token of a user may be there, and nothing else replaces it
      if (error instanceof UnavailableError && isMachine(name, contexts.get(name))) return known ?? {}
      throw error
    }
  }

  async function store(name: string, stored: TokenPatch): Promise<void> {
    const empty = stored.access_token === undefined && stored.refresh_token === undefined
    try {
      await state().put(name, empty ? undefined : (stored as Parameters<StateTokenStore['put']>[1]))
    } catch (error) {
      // a refresh token that only this container had would be overwritten by what State has
      if (isMachine(name, contexts.get(name))) remember(name, stored)
      throw error
    }
    remember(name, stored)
  }

  function remember(name: string, stored: TokenPatch): void {
    tokens.set(name, stored)
    ownTokens.delete(name)
  }

  return {
    async read(name) {
      const data = contexts.get(name)
      if (!isObject(data)) return { data, local: false }
      return { data: withTokens(copyData(data), await tokensOf(name)), local: false }
    },
    async write(name, data, local) {
      if (!isObject(data)) {
        contexts.delete(name)
        return store(name, {})
      }
      const { access_token, refresh_token, ...credential } = copyData(data)
      contexts.set(name, credential as Json)
      // an action sets its context at every run: without tokens of its own it keeps those it had
      if (access_token === undefined && refresh_token === undefined) return
      const given = present({ access_token, refresh_token } as Record<string, StoredToken | undefined>)
      if (!local) return store(name, given)
      tokens.set(name, given)
      ownTokens.add(name)
    },
    async writeTokens(name, patch) {
      await store(name, present({ ...(await tokensOf(name)), ...patch }))
    },
    names: async () => [...contexts.keys()],
    current: async () => current,
    async setCurrent(name) {
      current = name
    },
  }
}

/** Whether a context's credential obtains tokens without a user, so that nothing is lost with its tokens. */
function isMachine(name: string, data: Json | undefined): boolean {
  try {
    return isObject(data) && kindOf(name, data, [jwtKind, serverToServerKind]) !== undefined
  } catch {
    return false
  }
}

/** A refresh token may have been rotated by another container, and then the one here is worth nothing. */
function isLasting({ access_token, refresh_token }: TokenPatch): boolean {
  return refresh_token === undefined && (access_token?.expiry ?? 0) > Date.now() + reliable
}

function present(patch: Readonly<Record<string, StoredToken | undefined>>): TokenPatch {
  return Object.fromEntries(Object.entries(patch).filter(([, token]) => token !== undefined))
}
