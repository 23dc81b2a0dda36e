import { requireText, type Scopes, scopeList } from '../flows/credentials.ts'
import type { Call } from '../ims/call.ts'
import {
  type PromiseClient,
  type PromiseExchange,
  type PromiseToken,
  redeemPromiseToken,
  requestPromiseToken,
} from '../ims/endpoints/promise-token.ts'
import { checkOptions, type OptionNames } from '../options.ts'
import { REDACTED, showAs } from '../redact.ts'

export type { PromiseExchange, PromiseToken } from '../ims/endpoints/promise-token.ts'

/** What both promise grants need from a client. */
interface PromiseCredential {
  readonly clientId: string
  readonly clientSecret: string
  /** Default: those of the given token. */
  readonly scopes?: Scopes | undefined
  readonly signal?: AbortSignal | undefined
}

export interface PromiseTokenRequest extends PromiseCredential {
  /** Shared by the client that requests promise tokens and the client that redeems them. */
  readonly promiseDefinitionId: string
  /** A valid access token of the user. */
  readonly authenticatingToken: string
}

export interface PromiseExchangeRequest extends PromiseCredential {
  readonly promiseToken: string
}

const tokenNames: OptionNames<PromiseTokenRequest> = {
  clientId: 1,
  clientSecret: 1,
  promiseDefinitionId: 1,
  authenticatingToken: 1,
  scopes: 1,
  signal: 1,
}
const exchangeNames: OptionNames<PromiseExchangeRequest> = {
  clientId: 1,
  clientSecret: 1,
  promiseToken: 1,
  scopes: 1,
  signal: 1,
}

/** Exchanges the access token of a user for a promise token. */
export async function getPromiseToken(call: Call, request: PromiseTokenRequest): Promise<PromiseToken> {
  checkOptions('getPromiseToken', request, tokenNames)
  const { promiseDefinitionId, authenticatingToken } = request
  requireText('getPromiseToken', { promiseDefinitionId, authenticatingToken })
  const client = clientOf('getPromiseToken', request)
  const result = await requestPromiseToken(call, client, { promiseDefinitionId, authenticatingToken })
  return showAs(result, () => ({ ...result, promiseToken: REDACTED }))
}

/** Redeems a promise token for an access token. */
export async function exchangePromiseToken(call: Call, request: PromiseExchangeRequest): Promise<PromiseExchange> {
  checkOptions('exchangePromiseToken', request, exchangeNames)
  const { promiseToken } = request
  requireText('exchangePromiseToken', { promiseToken })
  const result = await redeemPromiseToken(call, clientOf('exchangePromiseToken', request), promiseToken)
  const next = result.promiseToken !== undefined && { promiseToken: REDACTED }
  return showAs(result, () => ({ ...result, accessToken: REDACTED, ...next }))
}

function clientOf(method: string, { clientId, clientSecret, scopes }: PromiseCredential): PromiseClient {
  requireText(method, { clientId, clientSecret })
  return { clientId, clientSecret, scopes: scopeList(scopes) }
}
