import { parseObject } from '../../json.ts'
import { type Answer, type Call, type ImsRequest, urlOf } from '../call.ts'
import { send } from '../http.ts'
import { form } from '../request-parameters.ts'
import { malformed, refusalInside } from '../response-error.ts'
import { spelledOut, tokensFrom } from '../token-response.ts'
import type { Tokens } from '../tokens.ts'

/** Both promise grants; `expires_in` and `promise_token_expires_in` are in seconds. */
export const promiseTokenPath = '/ims/token/v4'

/** A client, and the scopes to request. */
export interface PromiseClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes: readonly string[]
}

/** A promise token. `expiresAt` is in ms since the epoch. */
export interface PromiseToken {
  readonly promiseToken: string
  /** As IMS returned it: `promise_token`. */
  readonly tokenType: string
  readonly expiresAt: number
  /** The granted scopes, if IMS named them. */
  readonly scopes?: readonly string[]
}

/** An access token obtained with a promise token, and the next promise token. Times are in ms since the epoch. */
export interface PromiseExchange {
  readonly accessToken: string
  /** As IMS returned it: `access_token`. The token is sent as a bearer token. */
  readonly tokenType: string
  readonly expiresAt: number
  readonly scopes?: readonly string[]
  /** Store it in place of the redeemed one, which is no longer valid. */
  readonly promiseToken?: string
  readonly promiseTokenId?: string
  readonly promiseExpiresAt?: number
}

/** Exchanges the access token of a user for a promise token (grant `promise`). */
export async function requestPromiseToken(
  call: Call,
  client: PromiseClient,
  grant: { readonly promiseDefinitionId: string; readonly authenticatingToken: string },
): Promise<PromiseToken> {
  const { promiseDefinitionId, authenticatingToken } = grant
  const parameters = { promise_definition_id: promiseDefinitionId, authenticating_token: authenticatingToken }
  const reply = await ask(call, client, { grant_type: 'promise', ...parameters })
  const { accessToken: promiseToken, expiresAt, scopes } = tokenIn(reply, 'promise_token', 'expires_in')
  const tokenType = tokenTypeIn(reply, ['promise_token'])
  return { promiseToken, tokenType, expiresAt, ...(scopes && { scopes }) }
}

/** Redeems a promise token (grant `promise_exchange`). It is valid once, so the request is sent once. */
export async function redeemPromiseToken(
  call: Call,
  client: PromiseClient,
  promiseToken: string,
): Promise<PromiseExchange> {
  const reply = await ask(call, client, { grant_type: 'promise_exchange', promise_token: promiseToken })
  const { accessToken, expiresAt, scopes } = tokenIn(reply, 'access_token', 'expires_in')
  const tokenType = tokenTypeIn(reply, ['access_token', 'bearer'])
  const next = textIn(reply, 'promise_token') && tokenIn(reply, 'promise_token', 'promise_token_expires_in')
  const promiseTokenId = textIn(reply, 'promise_token_id')
  return {
    accessToken,
    tokenType,
    expiresAt,
    ...(scopes && { scopes }),
    ...(next && { promiseToken: next.accessToken, promiseExpiresAt: next.expiresAt }),
    ...(promiseTokenId && { promiseTokenId }),
  }
}

/** An answer of the endpoint, and what is needed to report a fault in it. */
interface Reply {
  readonly call: Call
  readonly request: ImsRequest
  readonly answer: Answer
  readonly members: Readonly<Record<string, unknown>> | undefined
}

/** `grant_type`, and what the grant needs. */
type PromiseParameters = { readonly grant_type: string } & { readonly [name: string]: string }

async function ask(call: Call, client: PromiseClient, parameters: PromiseParameters): Promise<Reply> {
  const { clientId, clientSecret, scopes } = client
  const scope = scopes.join(',') || undefined
  const body = form({ client_id: clientId, client_secret: clientSecret, ...parameters, scope })
  const once = parameters.grant_type === 'promise_exchange'
  const request = { url: urlOf(call, promiseTokenPath), method: 'POST', body, once }
  const answer = await send(call, request)
  const parsed = parseObject(answer.text)
  return { call, request, answer, members: parsed && spelledOut(parsed) }
}

function textIn({ members }: Reply, name: string): string | undefined {
  const value = members?.[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** @throws {ImsResponseError} `IMS_MALFORMED` unless the type is one of `known`; the first of them is the default */
function tokenTypeIn({ members, request, answer }: Reply, known: readonly [string, ...string[]]): string {
  const type = members?.token_type ?? known[0]
  if (typeof type === 'string' && known.includes(type.toLowerCase())) return type
  throw malformed(request, answer, `token_type is not ${known.join(' or ')}`)
}

/**
 * The token in the member `name`, which expires after the seconds in the member `lifetime`.
 *
 * @throws {ImsResponseError} `IMS_MALFORMED`, or the refusal in the answer
 */
function tokenIn(reply: Reply, name: string, lifetime: string): Tokens {
  const { call, request, answer, members } = reply
  const value = textIn(reply, name)
  if (value === undefined)
    throw refusalInside(call, request, answer) ?? malformed(request, answer, `the answer has no ${name}`)
  const response = { access_token: value, expires_in: members?.[lifetime], scope: members?.scope }
  const tokens = tokensFrom(call, response, { unit: 's', sentAt: answer.sentAt })
  if (tokens === undefined) throw malformed(request, answer, `${lifetime} is not a positive number`)
  return tokens
}
