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

/**
 * Named contexts of an I/O Runtime action: the contexts themselves in memory, their tokens in the State service, so
 * that the next container finds them. Nothing is `local`.
 *
 * @param connect makes the connection to State at first use
 */
export function actionContexts(connect: () => StateTokens): ContextStore {
  const contexts = new Map<string, Json>()
  const tokens = new Map<string, TokenPatch>()
  let state: StateTokens | undefined
  let current: string | undefined

  async function tokensOf(name: string): Promise<TokenPatch> {
    const known = tokens.get(name)
    if (known !== undefined) return known
    state ??= connect()
    const kept = ((await state.get(name)) ?? {}) as TokenPatch
    tokens.set(name, kept)
    return kept
  }

  async function keep(name: string, kept: TokenPatch): Promise<void> {
    tokens.set(name, kept)
    state ??= connect()
    const empty = kept.access_token === undefined && kept.refresh_token === undefined
    await state.put(name, empty ? undefined : (kept as Parameters<StateTokens['put']>[1]))
  }

  return {
    async read(name) {
      const data = contexts.get(name)
      if (!isObject(data)) return { data, local: false }
      return { data: withTokens(structuredClone(data), await tokensOf(name).catch(withoutState)), local: false }
    },
    async write(name, data) {
      if (!isObject(data)) {
        contexts.delete(name)
        return keep(name, {})
      }
      const { access_token, refresh_token, ...credential } = structuredClone(data)
      contexts.set(name, credential as Json)
      // an action sets its context at every run: without tokens of its own it keeps those it had
      if (access_token !== undefined || refresh_token !== undefined) {
        await keep(name, present({ access_token, refresh_token } as Record<string, StoredToken | undefined>))
      }
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

/** A State service that cannot be reached is an empty one: a new token can still be had. */
function withoutState(error: unknown): TokenPatch {
  if (error instanceof UnavailableError) return {}
  throw error
}

function present(patch: Readonly<Record<string, StoredToken | undefined>>): TokenPatch {
  return Object.fromEntries(Object.entries(patch).filter(([, token]) => token !== undefined))
}
