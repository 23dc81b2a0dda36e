import { UnavailableError } from '../../core/errors.ts'
import {
  type ContextStore,
  isObject,
  type StoredToken,
  type TokenPatch,
  withTokens,
} from '../../core/familiar/contexts.ts'
import type { Json } from '../../core/ports.ts'
import type { StateTokens } from './store-state.ts'

/** As long as an access token is valid for more than that, in ms, State is not asked for a newer one. */
const reliable = 600_000

/**
 * Named contexts of an I/O Runtime action: the contexts themselves in memory, their tokens in the State service, so
 * that the next container finds them. As in the old library `local` keeps the tokens that come with a context out of
 * State; nothing is reported as `local`.
 *
 * @param connect makes the connection to State at first use
 */
export function actionContexts(connect: () => StateTokens): ContextStore {
  const contexts = new Map<string, Json>()
  const tokens = new Map<string, TokenPatch>()
  const ownTokens = new Set<string>()
  let connected: StateTokens | undefined
  let current: string | undefined

  function state(): StateTokens {
    connected ??= connect()
    return connected
  }

  async function tokensOf(name: string): Promise<TokenPatch> {
    const known = tokens.get(name)
    if (known !== undefined && (ownTokens.has(name) || isLasting(known))) return known
    try {
      const kept = ((await state().get(name)) ?? {}) as TokenPatch
      tokens.set(name, kept)
      return kept
    } catch (error) {
      // a State service that cannot be reached is an empty one: a new token can still be had
      if (error instanceof UnavailableError) return known ?? {}
      throw error
    }
  }

  async function keep(name: string, kept: TokenPatch): Promise<void> {
    tokens.set(name, kept)
    ownTokens.delete(name)
    const empty = kept.access_token === undefined && kept.refresh_token === undefined
    await state().put(name, empty ? undefined : (kept as Parameters<StateTokens['put']>[1]))
  }

  return {
    async read(name) {
      const data = contexts.get(name)
      if (!isObject(data)) return { data, local: false }
      return { data: withTokens(structuredClone(data), await tokensOf(name)), local: false }
    },
    async write(name, data, local) {
      if (!isObject(data)) {
        contexts.delete(name)
        return keep(name, {})
      }
      const { access_token, refresh_token, ...credential } = structuredClone(data)
      contexts.set(name, credential as Json)
      // an action sets its context at every run: without tokens of its own it keeps those it had
      if (access_token === undefined && refresh_token === undefined) return
      const given = present({ access_token, refresh_token } as Record<string, StoredToken | undefined>)
      if (!local) return keep(name, given)
      tokens.set(name, given)
      ownTokens.add(name)
    },
    async writeTokens(name, patch) {
      await keep(name, present({ ...(await tokensOf(name)), ...patch }))
    },
    names: async () => [...contexts.keys()],
    current: async () => current,
    async setCurrent(name) {
      current = name
    },
  }
}

/** A refresh token may have been rotated by another container, and then the one here is worth nothing. */
function isLasting({ access_token, refresh_token }: TokenPatch): boolean {
  return refresh_token === undefined && (access_token?.expiry ?? 0) > Date.now() + reliable
}

function present(patch: Readonly<Record<string, StoredToken | undefined>>): TokenPatch {
  return Object.fromEntries(Object.entries(patch).filter(([, token]) => token !== undefined))
}
