import type { Provider } from '../provider.ts'
import type { RegisteredClient } from '../registry/clients.ts'
import { isAllowedOrigin } from '../registry/redirect-uris.ts'
import { bearerToken, type EmulatorCall } from './call.ts'

// the client of the request: named by a parameter, a header or the token
function callingClient({ params, headers }: EmulatorCall, provider: Provider): RegisteredClient | undefined {
  const named = params.get('client_id') ?? headers.get('x-ims-clientid') ?? headers.get('client_id')
  if (named !== null) return provider.clients.get(named)
  return provider.tokens.find(bearerToken(headers) ?? '')?.authorization.client
}

/** Whether the origin belongs to the client of the request, or to any client if the request names none. */
function allowsOrigin(call: EmulatorCall, provider: Provider, origin: string): boolean {
  const client = callingClient(call, provider)
  if (client !== undefined) return isAllowedOrigin(client, origin)
  return [...provider.clients.values()].some((known) => isAllowedOrigin(known, origin))
}

/** The CORS headers of an answer: the origin is echoed if it is registered, and never `*`. */
export function corsHeaders(call: EmulatorCall, provider: Provider): Record<string, string> {
  const origin = call.headers.get('origin')
  if (origin === null) return {}
  if (!allowsOrigin(call, provider, origin)) return { vary: 'Origin' }
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  }
}

/** Whether this is a preflight request of a browser. */
export function isPreflight({ method, headers }: EmulatorCall): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

/** The answer to a preflight, without the origin header, which {@link corsHeaders} adds. */
export function preflightResponse({ headers }: EmulatorCall, methods: readonly string[]): Response {
  const requested = headers.get('access-control-request-headers')
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': methods.join(', '),
      ...(requested === null ? {} : { 'access-control-allow-headers': requested }),
      'access-control-max-age': '600',
    },
  })
}
