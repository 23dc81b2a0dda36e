import { type EmulatorCall, requireParameter } from '../http/call.ts'
import { quote, Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { isRegistered } from '../registry/redirect-uris.ts'
import { checkResources } from '../registry/resources.ts'
import { type Issued, tokenResponse } from '../tokens/token-response.ts'
import { authenticateClient } from './client-authentication.ts'
import type { GrantRequest } from './grant-request.ts'
import { grantClientCredentials, grantClusterExchange, grantTokenExchange } from './machine-grants.ts'
import { grantPromise, grantPromiseExchange } from './promise-grants.ts'
import { grantAuthorizationCode, grantRefreshToken } from './user-grants.ts'

interface GrantType {
  readonly answer: (request: GrantRequest) => Promise<Response>
  /** The first version of the endpoint that supports it. */
  readonly since: number
}

function issuing(issue: (request: GrantRequest) => Promise<Issued>): GrantType['answer'] {
  return async (request) => tokenResponse(await issue(request), request.call.version)
}

const grantTypes: Readonly<Record<string, GrantType>> = {
  authorization_code: { answer: issuing(grantAuthorizationCode), since: 0 },
  refresh_token: { answer: issuing(grantRefreshToken), since: 0 },
  client_credentials: { answer: issuing(grantClientCredentials), since: 0 },
  cluster_at_exchange: { answer: issuing(grantClusterExchange), since: 2 },
  'urn:ietf:params:oauth:grant-type:token-exchange': { answer: issuing(grantTokenExchange), since: 4 },
  promise: { answer: grantPromise, since: 4 },
  promise_exchange: { answer: grantPromiseExchange, since: 4 },
}

async function answer(call: EmulatorCall, provider: Provider): Promise<Response> {
  const name = requireParameter(call, 'grant_type')
  const grantType = Object.hasOwn(grantTypes, name) ? grantTypes[name] : undefined
  // the oldest version does not support Basic authentication
  const client = authenticateClient(call, provider, { allowBasic: call.version >= 2 })
  if (grantType === undefined || call.version < grantType.since) {
    const description =
      name === 'aux_sid_exchange'
        ? 'the emulator does not issue aux_sid cookies and cannot exchange them'
        : `unsupported grant_type parameter: ${quote(name)}${since(grantType)}`
    throw new Refusal(400, 'unsupported_grant_type', description)
  }
  checkResources(call.params)
  return grantType.answer({ call, client, provider })
}

const since = (grantType: GrantType | undefined) =>
  grantType === undefined ? '' : ` exists at /ims/token/v${grantType.since} and later`

/** The target of a redirected error: the `redirect_uri` of the request, if it is registered for the client. */
function refusalTarget({ params, version }: EmulatorCall, provider: Provider): URL | undefined {
  const { tokenErrorRedirects, clients } = provider
  if (tokenErrorRedirects === 'none' || (tokenErrorRedirects === 'unversioned' && version > 0)) return undefined
  const client = clients.get(params.get('client_id') ?? '')
  const redirectUri = params.get('redirect_uri')
  const redirects = client !== undefined && redirectUri !== null && isRegistered(client, redirectUri)
  return redirects ? new URL(redirectUri) : undefined
}

// as recorded: only the error, without description and state
function redirectRefusal(target: URL, { error }: Refusal): Response {
  target.searchParams.set('error', error)
  const cookie = `relay=${crypto.randomUUID()}; Path=/; HttpOnly; SameSite=Lax`
  return new Response(null, {
    status: 302,
    headers: { location: target.href, 'cache-control': 'no-store', 'set-cookie': cookie },
  })
}

/** `POST /ims/token[/v1|/v2|/v3|/v4]`; the option `tokenErrorRedirects` selects which errors are redirects. */
export async function tokenEndpoint(call: EmulatorCall, provider: Provider): Promise<Response> {
  try {
    return await answer(call, provider)
  } catch (error) {
    const target = error instanceof Refusal ? refusalTarget(call, provider) : undefined
    if (!(error instanceof Refusal) || target === undefined) throw error
    call.notes.push(error.note)
    return redirectRefusal(target, error)
  }
}
