import { kindOf } from '../../../core/compat/context-kind.ts'
import { type ContextStore, type StoredToken, type TokenPatch, withTokens } from '../../../core/compat/contexts.ts'
import { machineKinds } from '../../../core/compat/credential-kinds.ts'
import { UnavailableError } from '../../../core/errors.ts'
import { copyData, isObject } from '../../../core/json.ts'
import type { Json } from '../../../core/ports.ts'
import type { StateTokenStore } from './store-state.ts'

/** If an access token is valid for longer than this, in ms, the State service is not asked for a newer one. */
const reliable = 600_000

/**
 * Named contexts of an I/O Runtime action. The contexts are in memory, their tokens in the State service, so that the
 * next container finds them. As in `@adobe/aio-lib-ims`, `local` excludes the tokens that are part of a context from
 * State; no context is reported as `local`.
 *
 * @param connect creates the connection to State on first use
 */
export function actionContexts(connect: () => StateTokenStore): ContextStore {
  const state: ActionState = { connect, contexts: new Map(), tokens: new Map(), localTokens: new Set() }
  return {
    read: (name) => readContext(state, name),
    write: (name, data, local) => writeContext(state, name, { data, local }),
    async writeTokens(name, patch) {
      await storeTokens(state, name, present({ ...(await tokensOf(state, name)), ...patch }))
    },
    names: async () => [...state.contexts.keys()],
    current: async () => state.current,
    async setCurrent(name) {
      state.current = name
    },
  }
}

interface ActionState {
  readonly connect: () => StateTokenStore
  readonly contexts: Map<string, Json>
  /** The tokens that this container has read or written, by context. */
  readonly tokens: Map<string, TokenPatch>
  /** The contexts whose tokens are not stored in State. */
  readonly localTokens: Set<string>
  connected?: StateTokenStore
  current?: string | undefined
}

function stateService(state: ActionState): StateTokenStore {
  state.connected ??= state.connect()
  return state.connected
}

async function readContext(state: ActionState, name: string): Promise<{ data: Json | undefined; local: boolean }> {
  const data = state.contexts.get(name)
  if (!isObject(data)) return { data, local: false }
  return { data: withTokens(copyData(data), await tokensOf(state, name)), local: false }
}

async function writeContext(
  state: ActionState,
  name: string,
  { data, local }: { data: Json | undefined; local: boolean },
): Promise<void> {
  if (!isObject(data)) {
    state.contexts.delete(name)
    return storeTokens(state, name, {})
  }
  const { access_token, refresh_token, ...credential } = copyData(data)
  state.contexts.set(name, credential as Json)
  // an action sets its context in every run: if that has no tokens, the stored ones remain
  if (access_token === undefined && refresh_token === undefined) return
  const given = present({ access_token, refresh_token } as Record<string, StoredToken | undefined>)
  if (!local) return storeTokens(state, name, given)
  state.tokens.set(name, given)
  state.localTokens.add(name)
}

async function tokensOf(state: ActionState, name: string): Promise<TokenPatch> {
  const known = state.tokens.get(name)
  if (known !== undefined && (state.localTokens.has(name) || isLasting(known))) return known
  try {
    const stored = ((await stateService(state).get(name)) ?? {}) as TokenPatch
    state.tokens.set(name, stored)
    return stored
  } catch (error) {
    // a machine credential obtains a new token; the refresh token of a user cannot be replaced
    if (error instanceof UnavailableError && isMachine(name, state.contexts.get(name))) return known ?? {}
    throw error
  }
}

async function storeTokens(state: ActionState, name: string, tokens: TokenPatch): Promise<void> {
  const empty = tokens.access_token === undefined && tokens.refresh_token === undefined
  try {
    await stateService(state).put(name, empty ? undefined : (tokens as Parameters<StateTokenStore['put']>[1]))
  } catch (error) {
    // a refresh token that only this container had would later be overwritten by the one in State
    if (isMachine(name, state.contexts.get(name))) rememberTokens(state, name, tokens)
    throw error
  }
  rememberTokens(state, name, tokens)
}

function rememberTokens(state: ActionState, name: string, tokens: TokenPatch): void {
  state.tokens.set(name, tokens)
  state.localTokens.delete(name)
}

/** Whether the credential of a context obtains tokens without a user, so that its tokens can be replaced. */
function isMachine(name: string, data: Json | undefined): boolean {
  try {
    return isObject(data) && kindOf(name, data, machineKinds) !== undefined
  } catch {
    return false
  }
}

/** Without a refresh token, which another container may have rotated, an access token can be used until it expires. */
function isLasting({ access_token, refresh_token }: TokenPatch): boolean {
  return refresh_token === undefined && (access_token?.expiry ?? 0) > Date.now() + reliable
}

function present(patch: Readonly<Record<string, StoredToken | undefined>>): TokenPatch {
  return Object.fromEntries(Object.entries(patch).filter(([, token]) => token !== undefined))
}
