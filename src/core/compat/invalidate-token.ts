import { TokenError } from '../errors.ts'
import { createEmitter } from '../events.ts'
import { invalidating } from '../flows/invalidating.ts'
import type { Call } from '../ims/call.ts'
import { claimsOf } from '../ims/decode-token.ts'
import type { InvalidatedType } from '../ims/endpoints/invalidate-token.ts'
import { isClientRefused } from '../ims/refusal.ts'
import { noteFailure } from '../session/with-lock.ts'
import { connect } from '../setup.ts'
import type { NamedContext } from './compat-api.ts'
import { findContext, readContext } from './context-api.ts'
import { admit, connectionOf } from './context-client.ts'
import { parseSecrets } from './context-kind.ts'
import type { ContextState } from './context-state.ts'
import type { ContextData, TokenLabel, TokenPatch } from './contexts.ts'
import { refreshMemory } from './known-clients.ts'
import { readStored } from './tokens-in-context.ts'

/**
 * Invalidates the access token of a context at IMS, or with `force` the refresh token and the access token, and then
 * removes them from the context, also if IMS refuses.
 *
 * @throws {TokenError} `INVALID_TOKEN` if the context has no valid token to invalidate
 */
export async function invalidateContext(
  state: ContextState,
  name: string | undefined,
  force: boolean,
): Promise<NamedContext> {
  const { options, contexts, clients } = state
  const context = await findContext(state, name)
  const { connection, untrusted } = await connectionOf(state, context.data)
  const use = { data: context.data, overrides: {}, endpoint: connection.endpoint, untrusted }
  const data = await admit(state, context.name, use)
  const { fetch, clock, timeout, retry } = options
  const valid = validTokens(data, (clock ?? Date).now())
  const invalidated = force ? valid : valid.filter((label) => label === 'access_token')
  if (invalidated.length === 0) {
    const message = `IMS context '${context.name}' has no ${force ? '' : 'access '}token to invalidate: missing or expired`
    throw new TokenError('INVALID_TOKEN', message)
  }
  const { emit } = createEmitter(options.onEvent, options.observe)
  const call = connect({ ...connection, fetch, clock, timeout, retry }, emit)
  const failures: unknown[] = []
  for (const label of invalidated) await invalidateStored(call, label, data).catch((error) => failures.push(error))
  // also without success at IMS: the caller wants the tokens removed
  const removed: readonly TokenLabel[] = force ? ['access_token', 'refresh_token'] : invalidated
  await contexts.writeTokens(context.name, Object.fromEntries(removed.map((label) => [label, undefined])) as TokenPatch)
  refreshMemory(clients, context.name)
  for (const failure of failures) noteFailure({ connection: call }, failure, 'invalidating')
  if (failures.length > 0) throw failures[0]
  return readContext(state, context.name)
}

/** The refresh token first: IMS invalidates the access tokens issued for it, too. */
function validTokens(data: ContextData, now: number): TokenLabel[] {
  const labels: readonly TokenLabel[] = ['refresh_token', 'access_token']
  return labels.filter((label) => (readStored(data[label], undefined)?.expiry ?? 0) > now)
}

/** Invalidates a token of a context as the client that it was issued to, with each secret of a rotation in turn. */
async function invalidateStored(call: Call, label: TokenLabel, data: ContextData): Promise<void> {
  const { token } = readStored(data[label], undefined) ?? { token: '' }
  const claims = claimsOf(token)
  const clientId = claims?.client_id ?? (typeof data.client_id === 'string' ? data.client_id : undefined)
  // without a client IMS cannot be asked, and the token is only removed
  if (clientId === undefined) return
  const secrets = clientId === data.client_id ? secretsOf(data) : []
  let tried = 0
  const invalidate = invalidating(clientId, () => secrets[tried])
  for (; ; tried++) {
    try {
      await invalidate(call, (claims?.type ?? label) as InvalidatedType, token)
      return
    } catch (error) {
      if (!isClientRefused(error) || tried + 1 >= secrets.length) throw error
    }
  }
}

function secretsOf({ client_secret: one, client_secrets: several }: ContextData): string[] {
  const secrets = typeof one === 'string' && one !== '' ? [one] : parseSecrets(several)
  return secrets.filter((secret): secret is string => typeof secret === 'string' && secret !== '')
}
