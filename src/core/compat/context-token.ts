import type { LoginClient } from '../client.ts'
import { isImsError } from '../errors.ts'
import type { GetTokenOptions } from '../session/session.ts'
import type { CompatGetTokenOptions } from './compat-api.ts'
import { type FoundContext, findContext } from './context-api.ts'
import { connectionOf, contextClient, ownerOf } from './context-client.ts'
import type { ContextState } from './context-state.ts'
import type { ContextData } from './contexts.ts'
import { knownClient, markUsed, refreshMemory } from './known-clients.ts'
import { isLoginWanted, noUserPresent, splitOptions } from './token-options.ts'
import { readStored } from './tokens-in-context.ts'

/** The access token of a context in memory, if it is valid for long enough; without a name that of the current context. */
export function warmToken({ clients, current }: ContextState, name: string | undefined): string | undefined {
  const entry = knownClient(clients, name ?? current ?? '')
  const tokens = entry?.session.warm()
  if (entry !== undefined && tokens !== undefined) markUsed(entry)
  return tokens?.accessToken
}

/** The access token of a context: stored, renewed, or obtained by a login if the options and the platform allow one. */
export async function contextToken(
  state: ContextState,
  name: string | undefined,
  options: CompatGetTokenOptions,
): Promise<string> {
  const { own, overrides } = splitOptions(options)
  const context = await findContext(state, name)
  const found = await contextClient(state, context, overrides).catch((error) => {
    return tokenWithoutKind(state, context, { error, options: own })
  })
  if (typeof found === 'string') return found
  try {
    return (await found.session.current(own)).accessToken
  } catch (error) {
    if (!('login' in found.client) || !mayLogin(state, context, { error, options })) throw error
    return login(state, context, { options, overrides, client: found.client })
  }
}

/**
 * Whether a login may follow after `error`.
 *
 * @throws {LoginRequiredError} `LOGIN_NOT_POSSIBLE` if only the missing terminal prevents it
 */
function mayLogin(
  { options: { interactive } }: ContextState,
  { name }: FoundContext,
  { error, options }: { readonly error: unknown; readonly options: CompatGetTokenOptions },
): boolean {
  if (!isImsError(error) || error.code !== 'LOGIN_REQUIRED') return false
  if (isLoginWanted(options)) return true
  if (options.interaction !== undefined || interactive === undefined) return false
  if (interactive()) return true
  throw noUserPresent(name, error)
}

interface LoginRequest {
  readonly options: CompatGetTokenOptions
  readonly overrides: ContextData
  readonly client: LoginClient
}

async function login(
  state: ContextState,
  context: FoundContext,
  { options, overrides, client }: LoginRequest,
): Promise<string> {
  const { prompt, login_hint: loginHint, locale, signal } = options
  const parameters = { signal, prompt, loginHint, locale, context: context.name }
  if (!isLoginWanted(options) || state.options.interactive === undefined) return client.login(parameters)
  // a platform that checks for a user's presence learns from the data that the caller asserts it
  const asserted = await contextClient(state, context, { ...overrides, interaction: 'login' })
  const token = await (asserted.client as LoginClient).login(parameters)
  refreshMemory(state.clients, context.name)
  return token
}

/** The token that a user put into a context of no kind, which cannot be renewed; rejects with `error` if it is unusable. */
async function tokenWithoutKind(
  state: ContextState,
  { data }: FoundContext,
  { error, options }: { readonly error: unknown; readonly options: GetTokenOptions },
): Promise<string> {
  if (!isImsError(error) || error.code !== 'CANNOT_GENERATE_TOKEN' || options.force) throw error
  const { connection } = await connectionOf(state, data)
  // a token with a `for` was obtained for a credential that is no longer in the context
  const stored = readStored(data.access_token, '', ownerOf(data, connection, []))
  const needed = options.minValidity ?? state.options.minValidity ?? 600_000
  if (stored === undefined || stored.expiry <= (state.options.clock ?? Date).now() + needed) throw error
  return stored.token
}
