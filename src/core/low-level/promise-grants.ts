import { requireText, type Scopes, scopeList } from '../flows/credentials.ts'
import { urlOf } from '../ims/call.ts'
import { send } from '../ims/http.ts'
import { form, type Parameters } from '../ims/request-parameters.ts'
import { malformed, refusalInside } from '../ims/response-error.ts'
import { spelledOut, tokensFrom } from '../ims/token-response.ts'
import type { Tokens } from '../ims/tokens.ts'
import { parseObject } from '../json.ts'
import { checkCall, checkOptions, type OptionNames } from '../options.ts'
import { REDACTED, showAs } from '../redact.ts'
import { type Connection, callWith } from '../setup.ts'

/** What a client must give for either promise grant. */
interface PromiseCredential {
  readonly clientId: string
  readonly clientSecret: string
  /** Default: those of the token that is given. */
  readonly scopes?: Scopes | undefined
  readonly signal?: AbortSignal | undefined
}

export interface PromiseTokenRequest extends PromiseCredential {
  /** Shared by the client that gets promise tokens and the client that exchanges them. */
  readonly promiseDefinitionId: string
  /** A valid access token of the user. */
  readonly authenticatingToken: string
}

export interface PromiseExchangeRequest extends PromiseCredential {
  readonly promiseToken: string
}

/** A promise token. `expiresAt` is in ms since the epoch. */
export interface PromiseToken {
  readonly promiseToken: string
  /** As IMS wrote it: `promise_token`. */
  readonly tokenType: string
  readonly expiresAt: number
  /** The scopes that were granted, if IMS named them. */
  readonly scopes?: readonly string[]
}

/** An access token for a promise token, and the next promise token. Times are in ms since the epoch. */
export interface PromiseExchange {
  readonly accessToken: string
  /** As IMS wrote it: `access_token`. The token is sent as a bearer token. */
  readonly tokenType: string
  readonly expiresAt: number
  readonly scopes?: readonly string[]
  /** Store it in place of the one that was given, which is used up. */
  readonly promiseToken?: string
  readonly promiseTokenId?: string
  readonly promiseExpiresAt?: number
}

// not among the paths of all: few programs need it in their bundle
const path = '/ims/token/v4'
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

/** Trades the access token of a user for a promise token. */
export async function getPromiseToken(connection: Connection, request: PromiseTokenRequest): Promise<PromiseToken> {
  const method = 'getPromiseToken'
  checkOptions(method, request, tokenNames)
  const { promiseDefinitionId, authenticatingToken } = request
  requireText(method, { promiseDefinitionId, authenticatingToken })
  const parameters = { promise_definition_id: promiseDefinitionId, authenticating_token: authenticatingToken }
  const reply = await ask(connection, request, { method, grant: 'promise', parameters })
  const { accessToken: promiseToken, expiresAt, scopes } = reply.token('promise_token', 'expires_in')
  const tokenType = reply.tokenType('promise_token')
  const result = { promiseToken, tokenType, expiresAt, ...(scopes && { scopes }) }
  return showAs(result, () => ({ ...result, promiseToken: REDACTED }))
}

/** Redeems a promise token. It works once, so the request is sent once. */
export async function exchangePromiseToken(
  connection: Connection,
  request: PromiseExchangeRequest,
): Promise<PromiseExchange> {
  const method = 'exchangePromiseToken'
  checkOptions(method, request, exchangeNames)
  const { promiseToken } = request
  requireText(method, { promiseToken })
  const parameters = { promise_token: promiseToken }
  const reply = await ask(connection, request, { method, grant: 'promise_exchange', parameters, once: true })
  const { accessToken, expiresAt, scopes } = reply.token('access_token', 'expires_in')
  const tokenType = reply.tokenType('access_token', 'bearer')
  const next = reply.text('promise_token') && reply.token('promise_token', 'promise_token_expires_in')
  const promiseTokenId = reply.text('promise_token_id')
  const result = {
    accessToken,
    tokenType,
    expiresAt,
    ...(scopes && { scopes }),
    ...(next && { promiseToken: next.accessToken, promiseExpiresAt: next.expiresAt }),
    ...(promiseTokenId && { promiseTokenId }),
  }
  return showAs(result, () => ({ ...result, accessToken: REDACTED, ...(next && { promiseToken: REDACTED }) }))
}

interface Question {
  readonly method: string
  readonly grant: string
  readonly parameters: Parameters
  /** Whether the request redeems something that works once. */
  readonly once?: boolean
}

/** What IMS answered; each reader throws `IMS_MALFORMED` if the answer is unusable. */
interface Reply {
  text(name: string): string | undefined
  tokenType(...known: readonly [string, ...string[]]): string
  /** The token in the member `name`, which lives for the seconds in the member `lifetime`. */
  token(name: string, lifetime: string): Tokens
}

async function ask(connection: Connection, from: PromiseCredential, question: Question): Promise<Reply> {
  const { clientId, clientSecret, signal } = from
  const { method, grant, parameters, once = false } = question
  requireText(method, { clientId, clientSecret })
  checkCall(method, { signal })
  const scope = scopeList(from.scopes).join(',') || undefined
  const body = form({ grant_type: grant, client_id: clientId, client_secret: clientSecret, ...parameters, scope })
  const call = callWith(connection, signal)
  const request = { url: urlOf(call, path), method: 'POST', body, once }
  const answer = await send(call, request)
  const parsed = parseObject(answer.text)
  const members = parsed && spelledOut(parsed)
  const text = (name: string) => {
    const value = members?.[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return {
    text,
    tokenType(...known) {
      const type = members?.token_type ?? known[0]
      if (typeof type === 'string' && known.includes(type.toLowerCase())) return type
      throw malformed(request, answer, `token_type is not ${known.join(' or ')}`)
    },
    token(name, lifetime) {
      const value = text(name)
      if (value === undefined)
        throw refusalInside(call, request, answer) ?? malformed(request, answer, `the answer has no ${name}`)
      const response = { access_token: value, expires_in: members?.[lifetime], scope: members?.scope }
      const tokens = tokensFrom(call, response, { unit: 's', sentAt: answer.sentAt })
      if (tokens === undefined) throw malformed(request, answer, `${lifetime} is not a positive number`)
      return tokens
    },
  }
}
