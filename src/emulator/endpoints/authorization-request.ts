import { type EmulatorCall, requireParameter } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { RegisteredClient } from '../registry/clients.ts'
import { resolveRedirectUri, whyUnmatched } from '../registry/redirect-uris.ts'
import { checkResources } from '../registry/resources.ts'
import { parseScopes, requireClientScopes } from '../registry/scopes.ts'
import { readChallenge } from '../tokens/pkce.ts'
import type { CodeBinding } from '../tokens/token-ledger.ts'
import { requireGrant, unknownClient } from './client-authentication.ts'
import type { StartPage } from './pages.ts'

/** The redirect URI of an authorization request, and how to pass the answer to it. */
export interface ReturnAddress {
  readonly client: RegisteredClient
  readonly redirectUri: string
  readonly fragment: boolean
  readonly state: string | null
}

/** A checked authorization request. */
export interface AuthorizationRequest extends ReturnAddress {
  readonly call: EmulatorCall
  readonly responseTypes: ReadonlySet<string>
  readonly scopes: readonly string[]
  readonly nonce: string | null
  readonly prompts: ReadonlySet<string>
  readonly challenge: CodeBinding['challenge']
  readonly startPage: StartPage
}

/** As IMS does with a value that it does not know, any other `idp_flow` is ignored. */
function readStartPage({ params }: EmulatorCall): StartPage {
  const flow = params.get('idp_flow')
  if (flow === 'create_account') return { to: 'sign-up' }
  if (flow !== 'social.deep_link.web') return { to: 'sign-in' }
  return { to: 'provider', provider: requireParameter({ params }, 'provider_id') }
}

const words = (text: string | null) => new Set((text ?? '').split(' ').filter(Boolean))
const supportedResponseTypes = ['code', 'token', 'id_token', 'id_token token', 'code id_token']
const maxStateLength = 4096

/** Reads where to redirect. If it throws a {@link Refusal}, there is no redirect URI, and the user sees the error. */
export function readReturnAddress({ params, notes }: EmulatorCall, provider: Provider): ReturnAddress {
  const client = provider.clients.get(params.get('client_id') ?? '')
  if (client === undefined) {
    throw new Refusal(400, 'invalid_client', unknownClient(provider, params.get('client_id')))
  }
  const requested = params.get('redirect_uri')
  const redirectUri = resolveRedirectUri(client, requested)
  const unmatched = requested === redirectUri ? undefined : whyUnmatched(client, requested)
  if (redirectUri === undefined) {
    throw new Refusal(400, 'invalid_request', `${unmatched}; the client has no default redirect URI`)
  }
  if (unmatched !== undefined) {
    provider.unmatched.last = { reason: unmatched, redirectUri: requested }
    if (requested !== null)
      notes.push(`${unmatched}; redirected to the default redirect URI of the client, as IMS does`)
  }
  const responseType = params.get('response_type') ?? 'code'
  const mode = params.get('response_mode')
  const fragment = mode === 'fragment' || (mode !== 'query' && responseType !== 'code')
  return { client, redirectUri, fragment, state: params.get('state') }
}

// `device` exists at v3, but no public source shows its answers, so it is rejected
function readResponseTypes({ params }: EmulatorCall, client: RegisteredClient): ReadonlySet<string> {
  const types = words(params.get('response_type') ?? 'code')
  if (types.size > 2 || !supportedResponseTypes.includes([...types].sort().join(' '))) {
    throw new Refusal(400, 'unsupported_response_type', 'unsupported response_type parameter')
  }
  requireGrant(client, types.has('token') ? 'implicit' : 'authorization_code')
  return types
}

/** IMS adds this scope by itself, but not in the documented samples of the oldest version. */
function withAdobeId(scopes: readonly string[], { version }: EmulatorCall): readonly string[] {
  return version < 2 || scopes.includes('AdobeID') ? scopes : [...scopes, 'AdobeID']
}

/** Checks the other parameters; a {@link Refusal} is redirected to the return address. */
export function checkRequest(call: EmulatorCall, address: ReturnAddress): AuthorizationRequest {
  const { params } = call
  const { client, state } = address
  const responseTypes = readResponseTypes(call, client)
  const requested = parseScopes(params.get('scope'))
  requireClientScopes(client, requested)
  checkResources(params)
  if ((state ?? '').length > maxStateLength) throw new Refusal(400, 'invalid_request', 'state is too long')
  const challenge = readChallenge(params.get('code_challenge'), params.get('code_challenge_method'))
  if (client.isPublic && responseTypes.has('code') && challenge === undefined) {
    throw new Refusal(400, 'invalid_request', 'a public client must send a code_challenge')
  }
  const prompts = words(params.get('prompt'))
  if (prompts.has('none') && prompts.size > 1) throw new Refusal(400, 'invalid_request', 'prompt=none must be alone')
  const scopes = withAdobeId(requested, call)
  return {
    ...address,
    call,
    responseTypes,
    scopes,
    nonce: params.get('nonce'),
    prompts,
    challenge,
    startPage: readStartPage(call),
  }
}
