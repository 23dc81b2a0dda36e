import type { EmulatorCall } from '../http/call.ts'
import { nameList, quote, Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { ClientGrant, RegisteredClient } from '../registry/clients.ts'

interface Credentials {
  readonly id: string | null
  readonly secret: string | null
}

// RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined
function decodeFormValue(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function basicCredentials(headers: Headers): Credentials | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  if (encoded === undefined) return undefined
  try {
    const [id = '', ...secret] = atob(encoded).split(':')
    return { id: decodeFormValue(id), secret: decodeFormValue(secret.join(':')) }
  } catch {
    throw new Refusal(400, 'invalid_client', 'malformed Authorization header')
  }
}

function readCredentials({ headers, params }: EmulatorCall, allowBasic: boolean): Credentials {
  const basic = allowBasic ? basicCredentials(headers) : undefined
  return basic ?? { id: params.get('client_id'), secret: params.get('client_secret') }
}

/** Says that the emulator does not know the client, and which clients it knows. */
export function unknownClient({ clients }: Provider, id: string | null): string {
  const what = id === null ? 'the request has no client_id' : `client ${quote(id)} is unknown`
  return `${what}; known clients: ${nameList(clients.keys())}`
}

/** The registered client with this id, or `invalid_client`. */
export function requireClient(provider: Provider, id: string | null): RegisteredClient {
  const client = id === null ? undefined : provider.clients.get(id)
  if (client === undefined) {
    throw new Refusal(400, 'invalid_client', 'invalid client_id parameter').because(unknownClient(provider, id))
  }
  return client
}

/**
 * Rejects a wrong secret, and any secret of a public client. A status of 400 for a wrong secret was recorded from IMS;
 * its documentation names 401 for the exchange of a JWT only.
 */
export function checkSecret(client: RegisteredClient, secret: string | null, status: 400 | 401 = 400): void {
  if (client.isPublic) {
    if (secret === null) return
    const reason = `client ${quote(client.clientId)} is a public client and has no secret; send none`
    throw new Refusal(400, 'invalid_client', 'unexpected client_secret parameter').because(reason)
  }
  if (secret !== null && client.clientSecrets.includes(secret)) return
  const [description, what] =
    secret === null
      ? ['missing client_secret parameter', 'the request has no client_secret']
      : ['invalid client_secret parameter', 'the client_secret is wrong']
  const reason = `${what}; the overview of the emulator shows the secret of ${quote(client.clientId)}`
  throw new Refusal(status, 'invalid_client', description).because(reason)
}

/** The client that calls: by `client_secret_basic`, `client_secret_post`, or by its id only if it is public. */
export function authenticateClient(
  call: EmulatorCall,
  provider: Provider,
  { allowBasic = true } = {},
): RegisteredClient {
  const { id, secret } = readCredentials(call, allowBasic)
  const client = requireClient(provider, id)
  checkSecret(client, secret || null)
  return client
}

/** Rejects grants that are not enabled for the client. */
export function requireGrant(client: RegisteredClient, grant: ClientGrant): void {
  if (!client.grants.includes(grant)) {
    throw new Refusal(
      400,
      'unauthorized_client',
      `client ${quote(client.clientId)} may not use ${grant}; its grants: ${nameList(client.grants)}`,
    )
  }
}
