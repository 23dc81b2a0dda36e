import { requireText, scopeList } from '../flows/credentials.ts'
import { paths } from '../ims/paths.ts'
import type { TokenResult } from '../low-level/token-result.ts'
import { badOption, checkOptions } from '../options.ts'
import type { Connection } from '../setup.ts'
import { type ClientCredential, requestToken } from './request-token.ts'

export interface ExchangeTokenRequest extends ClientCredential {
  /** The access token of the user. */
  readonly token: string
  /** Exactly one of `orgId` and `userId`. */
  readonly orgId?: string | undefined
  readonly userId?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** Trades the token of a user for one of the same user in another organization or profile. */
export async function exchangeToken(connection: Connection, request: ExchangeTokenRequest): Promise<TokenResult> {
  checkOptions('exchangeToken', request)
  const { token, orgId, userId, scopes, clientId, signal } = request
  requireText('exchangeToken', { token, clientId })
  if ((orgId === undefined) === (userId === undefined))
    throw badOption('exchangeToken needs exactly one of orgId and userId')
  const path = `${paths.token}?client_id=${encodeURIComponent(clientId)}`
  const parameters = { user_token: token, user_id: userId, owning_org_id: orgId, scope: scopeList(scopes).join(',') }
  return requestToken(connection, request, { grant: 'cluster_at_exchange', path, parameters, signal })
}
