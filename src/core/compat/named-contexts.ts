import { withPlatform } from '../platform.ts'
import type { CompatIms, CreateImsOptions } from './compat-api.ts'
import { contextApi, findContext } from './context-api.ts'
import { contextClient } from './context-client.ts'
import type { ContextKind } from './context-kind.ts'
import type { ContextState } from './context-state.ts'
import { contextToken, warmToken } from './context-token.ts'
import { storedContexts } from './contexts.ts'
import { invalidateContext } from './invalidate-token.ts'
import { knownClient, markUsed } from './known-clients.ts'

/** The compat API over a platform, for contexts of `kinds`: it translates contexts into flows and clients. */
export function namedContexts(given: CreateImsOptions, kinds: readonly ContextKind[]): CompatIms {
  const options = withPlatform(given)
  const { contexts = storedContexts(options.store) } = options
  const state: ContextState = { options, contexts, kinds, clients: new Map(), current: undefined }
  return {
    context: contextApi(state),
    async getToken(name, call) {
      return (call === undefined ? warmToken(state, name) : undefined) ?? contextToken(state, name, call ?? {})
    },
    invalidateToken: (name, force = false) => invalidateContext(state, name, force),
    async client(name) {
      // a known client is returned without waiting: browsers allow a popup only right after a click
      const known = knownClient(state.clients, name ?? state.current ?? '')
      if (known !== undefined) return markUsed(known).client
      return (await contextClient(state, await findContext(state, name), {})).client
    },
  }
}
