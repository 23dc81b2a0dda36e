import type { Provider } from '../provider.ts'
import { bearerToken, type EmulatorCall } from './call.ts'

const maxLength = 200

function basicUser(headers: Headers): string | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  try {
    return encoded === undefined
      ? undefined
      : decodeURIComponent((atob(encoded).split(':')[0] ?? '').replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** The id of the client that a request names, by any of the ways that IMS accepts; it may be unknown. */
export function clientIdOf({ params, headers }: EmulatorCall, { tokens }: Provider): string | undefined {
  const named = params.get('client_id') ?? headers.get('x-ims-clientid') ?? headers.get('x-api-key')
  const id = named ?? basicUser(headers) ?? tokens.find(bearerToken(headers) ?? '')?.authorization.client.clientId
  return id?.slice(0, maxLength)
}
