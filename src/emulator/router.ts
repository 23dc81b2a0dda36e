import { authorize } from './endpoints/authorize.ts'
import { authorizationServerMetadata, discovery, documentedDiscovery, jwks } from './endpoints/discovery.ts'
import { exchangeJwt } from './endpoints/exchange-jwt.ts'
import { finishRelay, relayDone, relayError, startRelay } from './endpoints/login-relay.ts'
import { logout, logoutToken } from './endpoints/logout.ts'
import { messagePage } from './endpoints/pages.ts'
import { accountClusterEndpoint, organizationsEndpoint, profileEndpoint, userInfoEndpoint } from './endpoints/people.ts'
import { invalidateToken, revokeToken } from './endpoints/revocation.ts'
import { echo } from './endpoints/sample-api.ts'
import { tokenEndpoint } from './endpoints/token-endpoint.ts'
import { validateToken } from './endpoints/validate.ts'
import type { Call, Handler } from './http/call.ts'
import { isPreflight, preflightResponse } from './http/cors.ts'
import { Refusal } from './http/refusal.ts'
import type { Provider } from './provider.ts'
import { relayPath } from './ready-made.ts'

interface Route {
  readonly path: RegExp
  readonly methods: Readonly<Record<string, Handler>>
}

const defaultRedirect = () =>
  messagePage(
    'Default redirect URI',
    'You came here because the redirect_uri of the request was missing or is not registered for the client. IMS then uses the default one of the client, which is this page.',
  )

const routes: readonly Route[] = [
  { path: /^\/default-redirect$/, methods: { GET: defaultRedirect } },
  { path: /^\/api\/echo$/, methods: { GET: echo, POST: echo } },
  { path: new RegExp(`^${relayPath}$`), methods: { GET: startRelay } },
  { path: new RegExp(`^${relayPath}/callback$`), methods: { GET: finishRelay } },
  { path: new RegExp(`^${relayPath}/(signed-in|login-success)$`), methods: { GET: relayDone } },
  { path: new RegExp(`^${relayPath}/error$`), methods: { GET: relayError } },
  { path: /^\/\.well-known\/openid-configuration$/, methods: { GET: discovery } },
  { path: /^\/\.well-known\/oauth-authorization-server$/, methods: { GET: authorizationServerMetadata } },
  { path: /^\/ims\/\.well-known\/openid-configuration$/, methods: { GET: documentedDiscovery } },
  { path: /^\/ims\/keys$/, methods: { GET: jwks } },
  { path: /^\/ims\/authorize(\/v[1-3])?$/, methods: { GET: authorize, POST: authorize } },
  { path: /^\/ims\/token(\/v[1-4])?$/, methods: { POST: tokenEndpoint } },
  { path: /^\/ims\/exchange(\/v1)?\/jwt$/, methods: { POST: exchangeJwt } },
  { path: /^\/ims\/validate_token\/v1$/, methods: { GET: validateToken, POST: validateToken } },
  { path: /^\/ims\/invalidate_token\/v2$/, methods: { POST: invalidateToken } },
  { path: /^\/ims\/revoke$/, methods: { POST: revokeToken } },
  { path: /^\/ims\/logout(\/v1)?$/, methods: { GET: logout, POST: logout } },
  { path: /^\/ims\/logout\/v1\/token$/, methods: { GET: logoutToken, POST: logoutToken } },
  { path: /^\/ims\/userinfo(\/v[12])?$/, methods: { GET: userInfoEndpoint } },
  { path: /^\/ims\/profile(\/v[1-3])?$/, methods: { GET: profileEndpoint } },
  { path: /^\/ims\/organizations(\/v[1-6])?$/, methods: { GET: organizationsEndpoint } },
  { path: /^\/ims\/account_cluster\/v[23]$/, methods: { GET: accountClusterEndpoint } },
]

async function dispatch(call: Call, provider: Provider): Promise<Response> {
  if (call.problem) throw call.problem
  // IMS ignores one slash at the end of a path: clients such as @adobe/jwt-auth send one
  const pathname = call.url.pathname.replace(/\/$/, '')
  const route = routes.find(({ path }) => path.test(pathname))
  if (route === undefined) throw new Refusal(404, 'not_found', 'there is no such endpoint')
  const methods = Object.keys(route.methods)
  if (isPreflight(call)) return preflightResponse(call, methods)
  const handler = route.methods[call.method]
  if (handler === undefined) {
    throw new Refusal(405, 'method_not_allowed', `use ${methods.join(' or ')}`, { allow: methods.join(', ') })
  }
  return handler(call, provider)
}

/** Answers a request; whatever is refused gets IMS's error envelope. */
export async function route(call: Call, provider: Provider): Promise<Response> {
  try {
    return await dispatch(call, provider)
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'server_error', `the emulator failed: ${error}`)
    call.notes.push(`${refusal.error}: ${refusal.message}`)
    return refusal.toResponse()
  }
}
