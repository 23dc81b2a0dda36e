import { isLoopback } from '../../../core/ims/environment.ts'
import { sharedIssuersOf } from '../../../core/ims/issuers.ts'
import { badOption } from '../../../core/options.ts'

/** The metadata of an API, which tells clients which server issues tokens for it (RFC 9728). */
export interface ResourceMetadata {
  readonly resource: URL
  /** Where the metadata is. */
  readonly address: string
  /** The response to a request for the metadata; `undefined` for all other requests. */
  respond(request: Request): Response | undefined
}

export interface ResourceOptions {
  readonly resource: string
  readonly authorizationServers?: readonly string[] | undefined
  readonly scopes: readonly string[]
}

const wellKnown = '/.well-known/oauth-protected-resource'
/** Public, also for scripts of other sites. */
const open = { 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=3600' }

/** @throws {ConfigurationError} `BAD_OPTION` */
export function resourceMetadata(options: ResourceOptions, endpoint: string): ResourceMetadata {
  const { resource, scopes, authorizationServers = [sharedIssuersOf(endpoint)[0] ?? endpoint] } = options
  const url = addressOf('resource', resource)
  if (!Array.isArray(authorizationServers) || authorizationServers.length === 0)
    throw badOption('authorizationServers must be an array of addresses')
  for (const server of authorizationServers) addressOf('each of authorizationServers', server)
  // RFC 9728, section 3.1
  const path = wellKnown + (url.pathname === '/' ? '' : url.pathname)
  const metadata = {
    resource,
    authorization_servers: authorizationServers,
    bearer_methods_supported: ['header'],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
  }
  return {
    resource: url,
    address: url.origin + path,
    respond(request) {
      if (new URL(request.url).pathname !== path) return undefined
      const { method } = request
      if (method === 'GET' || method === 'HEAD') return Response.json(metadata, { headers: open })
      const allowed = { 'access-control-allow-methods': 'GET', 'access-control-allow-headers': '*' }
      if (method === 'OPTIONS') return new Response(null, { status: 204, headers: { ...open, ...allowed } })
      return new Response(null, { status: 405, headers: { allow: 'GET' } })
    },
  }
}

function addressOf(name: string, given: unknown): URL {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
  const safe = url && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
  if (url && safe && url.username + url.password + url.search + url.hash === '') return url
  throw badOption(`${name} must be an https address without user, query and fragment, such as https://api.example/mcp`)
}
