import type { EmulatorCall } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { cliClientId, relayPath } from '../ready-made.ts'
import type { IssuedToken } from '../tokens/token-ledger.ts'
import { messagePage } from './pages.ts'
import { grantAuthorizationCode } from './user-grants.ts'

/** The content of `state` in the relay's authorization request. */
interface RelayState {
  readonly id: string
  readonly code_type: 'access_token' | 'auth_code'
  readonly client_id: string
  readonly port: string
  readonly env: string
}

function redirect(location: string | URL): Response {
  return new Response(null, { status: 302, headers: { location: String(location), 'cache-control': 'no-store' } })
}

const isPort = (text: unknown): text is string => typeof text === 'string' && /^\d{1,5}$/.test(text)

function readRelayState(state: string | null): RelayState {
  try {
    const trip = JSON.parse(state ?? '') as RelayState
    if (isPort(trip.port)) return trip
  } catch {
    // rejected below, like any other state that the relay did not create
  }
  throw new Refusal(400, 'invalid_request', 'the state was not created by the relay')
}

/** `GET <relay>`: redirects to the sign-in. The relay redeems codes of its own client, and passes others on. */
export function startRelay({ params }: EmulatorCall, { endpoint }: Provider): Response {
  const id = params.get('id')
  const port = params.get('port')
  if (id === null || !isPort(port)) {
    throw new Refusal(400, 'invalid_request', 'id and port are required')
  }
  const client_id = params.get('client_id') ?? cliClientId
  const code_type = client_id === cliClientId ? 'access_token' : 'auth_code'
  const trip: RelayState = { id, code_type, client_id, port, env: 'prod' }
  const url = new URL(`${endpoint}/ims/authorize/v1`)
  url.searchParams.set('client_id', client_id)
  url.searchParams.set('scope', params.get('scope') ?? 'openid,AdobeID,read_organizations')
  url.searchParams.set('redirect_uri', `${endpoint}${relayPath}/callback`)
  url.searchParams.set('state', JSON.stringify(trip))
  return redirect(url)
}

const asStored = ({ value, createdAt, expiresIn }: IssuedToken) => ({ token: value, expiry: createdAt + expiresIn })

async function redeem(call: EmulatorCall, provider: Provider): Promise<string> {
  const client = provider.clients.get(cliClientId)
  if (client === undefined) throw new Refusal(500, 'server_error', 'the client of the relay is not registered')
  const { access, refresh } = await grantAuthorizationCode({ call: { ...call, version: 1 }, client, provider })
  return JSON.stringify({ access_token: asStored(access), ...(refresh && { refresh_token: asStored(refresh) }) })
}

/** `GET <relay>/callback`: redirects to the listener on the user's machine. */
export async function finishRelay(call: EmulatorCall, provider: Provider): Promise<Response> {
  const trip = readRelayState(call.params.get('state'))
  const code = call.params.get('code')
  if (code === null) return relayError()
  const url = new URL(`http://localhost:${trip.port}/`)
  url.searchParams.set('code', trip.code_type === 'access_token' ? await redeem(call, provider) : code)
  url.searchParams.set('code_type', trip.code_type)
  url.searchParams.set('state', JSON.stringify(trip))
  return redirect(url)
}

/** `GET <relay>/signed-in`, to which the listener redirects the user. */
export const relayDone = () =>
  messagePage({ title: 'Signed in', text: 'You can close this tab and return to the command line.' })

/** `GET <relay>/error`. */
export const relayError = () =>
  messagePage({ title: 'Not signed in', text: 'The sign-in failed. Try again from the command line.', status: 400 })
