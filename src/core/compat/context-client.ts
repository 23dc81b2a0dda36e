import { assembleClient } from '../client.ts'
import type { Flow } from '../flows/flow.ts'
import { resolveEndpoint } from '../ims/environment.ts'
import { memoryStore } from '../memory.ts'
import type { ConnectionOptions } from '../setup.ts'
import type { FoundContext } from './context-api.ts'
import { kindOf } from './context-kind.ts'
import type { ContextState } from './context-state.ts'
import type { ContextData, ContextUse } from './contexts.ts'
import { type KnownClient, markUsed, rememberClient } from './known-clients.ts'
import { refuseSecrets } from './secrets-in-browser.ts'
import { type TokenOwner, tokensInContext } from './tokens-in-context.ts'

/** Where the requests of a context go. */
export interface ContextConnection {
  readonly connection: Pick<ConnectionOptions, 'env' | 'endpoint'>
  /** The error to reject with if the endpoint may not receive the user's own secrets. */
  readonly untrusted: Error | undefined
}

/** The connection of a context: its own `env` and `endpoint`, then those of the options, then the platform's. */
export async function connectionOf({ options }: ContextState, data: ContextData): Promise<ContextConnection> {
  const defaults = (await options.defaults?.()) ?? {}
  const env = data.env ?? options.env ?? defaults.env
  const named = data.endpoint ?? options.endpoint
  const endpoint = named ?? defaults.endpoint
  return {
    connection: {
      ...(env !== undefined && { env: String(env) }),
      ...(endpoint !== undefined && { endpoint: endpoint as string }),
    },
    untrusted: named === undefined || named === null ? defaults.untrusted : undefined,
  }
}

/** The data of a context to use, if its secrets may be sent to the endpoint. */
export async function admit({ contexts }: ContextState, name: string, use: ContextUse): Promise<ContextData> {
  if (contexts.admit) return contexts.admit(name, use)
  if (use.untrusted) throw use.untrusted
  return use.data
}

/** The client of a context, with the options of one call merged over it: the known one, or a new one. */
export async function contextClient(
  state: ContextState,
  { name, data: stored }: FoundContext,
  overrides: ContextData,
): Promise<KnownClient> {
  const merged = { ...stored, ...overrides }
  if (state.options.allowsSecrets === false) refuseSecrets(name, merged)
  const { connection, untrusted } = await connectionOf(state, merged)
  const kind = attempt(() => kindOf(name, merged, state.kinds))?.type
  const { endpoint } = connection
  const data = await admit(state, name, { data: merged, overrides, endpoint, untrusted, kind })
  // a call with options must not get or leave tokens of the plain context
  const key = Object.keys(overrides).length === 0 ? name : `${name} ${JSON.stringify(overrides)}`
  const { access_token: _, refresh_token: __, ...credential } = data
  const signature = JSON.stringify([credential, connection])
  const known = state.clients.get(key)
  if (known?.name === name && known.signature === signature) return markUsed(known)
  const flow = kindOf(name, merged, state.kinds).flow(data)
  // tokens that the plain context could not use must not replace its own
  const sharesTokens = key === name || [flow.id, undefined].includes(flowOf(state, name, stored)?.id)
  const { client, session } = makeClient(state, { name, data, connection, flow, sharesTokens })
  return rememberClient(state.clients, key, { name, signature, client, session, used: false })
}

interface NewClient {
  readonly name: string
  readonly data: ContextData
  readonly connection: ContextConnection['connection']
  readonly flow: Flow
  /** Whether the tokens are stored in the context. */
  readonly sharesTokens: boolean
}

function makeClient({ options, contexts }: ContextState, made: NewClient): ReturnType<typeof assembleClient> {
  const { name, data, connection, flow, sharesTokens } = made
  const redirect = typeof options.redirect === 'function' ? options.redirect(data) : options.redirect
  const { contexts: _c, redirect: _r, interactive: _i, kinds: _k, defaults: _d, ...platform } = options
  // a JWT requests metascopes, which its token does not name
  const owner = ownerOf(data, connection, flow.kind === 'jwt' ? [] : flow.scopes)
  return assembleClient({
    pending: memoryStore(),
    ...platform,
    ...connection,
    ...(redirect && { redirect }),
    flow,
    store: sharesTokens ? tokensInContext({ contexts, name, owner, notes: options.store }) : options.store,
  })
}

/** For whom the tokens of a context are issued. */
export function ownerOf(
  { client_id }: ContextData,
  connection: ContextConnection['connection'],
  scopes: readonly string[],
): TokenOwner {
  const clientId = typeof client_id === 'string' ? client_id : undefined
  return { endpoint: resolveEndpoint(connection), clientId, scopes }
}

function flowOf({ kinds }: ContextState, name: string, data: ContextData): Flow | undefined {
  return attempt(() => kindOf(name, data, kinds).flow(data))
}

/** The result of `task`; `undefined` if it throws. */
function attempt<Result>(task: () => Result): Result | undefined {
  try {
    return task()
  } catch {
    return undefined
  }
}
