import {
  adminOrganizationsEndpoint,
  adminProfileEndpoint,
  groupMembersEndpoint,
  organizationEndpoint,
  productContextEndpoint,
} from './endpoints/admin.ts'
import { authorizeEndpoint } from './endpoints/authorize.ts'
import { authorizationServerMetadata, discovery, documentedDiscovery, jwks } from './endpoints/discovery.ts'
import { exchangeJwtEndpoint } from './endpoints/exchange-jwt.ts'
import { finishRelay, relayDone, relayError, startRelay } from './endpoints/login-relay.ts'
import { logoutEndpoint, logoutTokenEndpoint } from './endpoints/logout.ts'
import { appLink, messagePage } from './endpoints/pages.ts'
import {
  accountClusterEndpoint,
  avatarEndpoint,
  organizationsEndpoint,
  profileEndpoint,
  userInfoEndpoint,
} from './endpoints/people.ts'
import { registerEndpoint } from './endpoints/register.ts'
import { invalidateTokenEndpoint, revokeEndpoint } from './endpoints/revocation.ts'
import { echoEndpoint } from './endpoints/sample-api.ts'
import { tokenEndpoint } from './endpoints/token-endpoint.ts'
import { validateTokenEndpoint } from './endpoints/validate.ts'
import type { EmulatorCall, Handler } from './http/call.ts'
import { isPreflight, preflightResponse } from './http/cors.ts'
import { Refusal } from './http/refusal.ts'
import type { Provider } from './provider.ts'
import { relayPath } from './ready-made.ts'

interface Route {
  readonly path: RegExp
  readonly methods: Readonly<Record<string, Handler>>
}

function defaultRedirect(_call: EmulatorCall, { unmatched: { last } }: Provider): Response {
  const reason = last?.reason ?? 'the redirect_uri of the request is missing or not registered for the client'
  const rule = 'IMS then redirects to the default redirect URI of the client, which is this page.'
  const remedy = 'Allow it with --redirect-uri, or with the option redirectUris of the emulator.'
  return messagePage({
    title: 'Default redirect URI',
    text: `${reason[0]?.toUpperCase()}${reason.slice(1)}. ${rule} ${remedy}`,
    links: appLink(last?.redirectUri),
  })
}

const routes: readonly Route[] = [
  { path: /^\/default-redirect$/, methods: { GET: defaultRedirect } },
  { path: /^\/api\/echo$/, methods: { GET: echoEndpoint, POST: echoEndpoint } },
  { path: new RegExp(`^${relayPath}$`), methods: { GET: startRelay } },
  { path: new RegExp(`^${relayPath}/callback$`), methods: { GET: finishRelay } },
  { path: new RegExp(`^${relayPath}/(signed-in|login-success)$`), methods: { GET: relayDone } },
  { path: new RegExp(`^${relayPath}/error$`), methods: { GET: relayError } },
  { path: /^\/\.well-known\/openid-configuration$/, methods: { GET: discovery } },
  { path: /^\/\.well-known\/oauth-authorization-server$/, methods: { GET: authorizationServerMetadata } },
  { path: /^\/ims\/\.well-known\/openid-configuration$/, methods: { GET: documentedDiscovery } },
  { path: /^\/ims\/keys$/, methods: { GET: jwks } },
  { path: /^\/ims\/authorize(\/v[1-3])?$/, methods: { GET: authorizeEndpoint, POST: authorizeEndpoint } },
  { path: /^\/ims\/token(\/v[1-4])?$/, methods: { POST: tokenEndpoint } },
  { path: /^\/ims\/exchange(\/v1)?\/jwt$/, methods: { POST: exchangeJwtEndpoint } },
  { path: /^\/ims\/validate_token\/v1$/, methods: { GET: validateTokenEndpoint, POST: validateTokenEndpoint } },
  { path: /^\/ims\/invalidate_token\/v2$/, methods: { POST: invalidateTokenEndpoint } },
  { path: /^\/ims\/revoke$/, methods: { POST: revokeEndpoint } },
  { path: /^\/ims\/logout(\/v1)?$/, methods: { GET: logoutEndpoint, POST: logoutEndpoint } },
  { path: /^\/ims\/logout\/v1\/token$/, methods: { GET: logoutTokenEndpoint, POST: logoutTokenEndpoint } },
  { path: /^\/ims\/userinfo(\/v[12])?$/, methods: { GET: userInfoEndpoint } },
  { path: /^\/ims\/profile(\/v[1-3])?$/, methods: { GET: profileEndpoint } },
  { path: /^\/ims\/avatar\/download\/[^/]+$/, methods: { GET: avatarEndpoint } },
  { path: /^\/ims\/organizations(\/v[1-6])?$/, methods: { GET: organizationsEndpoint } },
  { path: /^\/ims\/organizations\/[^/]+\/v2$/, methods: { GET: organizationEndpoint } },
  { path: /^\/ims\/organizations\/[^/]+\/groups\/[^/]+\/members$/, methods: { GET: groupMembersEndpoint } },
  { path: /^\/ims\/fetch_pc_by_org\/v1$/, methods: { POST: productContextEndpoint } },
  { path: /^\/ims\/admin_profile\/v[1-3]$/, methods: { POST: adminProfileEndpoint } },
  { path: /^\/ims\/admin_organizations\/v[1-6]$/, methods: { POST: adminOrganizationsEndpoint } },
  { path: /^\/ims\/register$/, methods: { POST: registerEndpoint } },
  { path: /^\/ims\/account_cluster\/v[23]$/, methods: { GET: accountClusterEndpoint } },
]

async function dispatch(call: EmulatorCall, provider: Provider): Promise<Response> {
  if (call.problem) throw call.problem
  // IMS ignores one slash at the end of a path, which clients such as @adobe/jwt-auth send
  const pathname = call.url.pathname.replace(/\/$/, '')
  const route = routes.find(({ path }) => path.test(pathname))
  if (route === undefined)
    throw new Refusal(404, 'not_found', `the emulator has no such endpoint; its overview is ${provider.endpoint}/`)
  const methods = Object.keys(route.methods)
  if (isPreflight(call)) return preflightResponse(call, methods)
  const handler = route.methods[call.method]
  if (handler === undefined) {
    const refusal = new Refusal(405, 'method_not_allowed', `use ${methods.join(' or ')}`)
    throw refusal.withHeaders({ allow: methods.join(', ') })
  }
  return handler(call, provider)
}

/** Answers a request; errors are answered in IMS's format. */
export async function route(call: EmulatorCall, provider: Provider): Promise<Response> {
  try {
    return await dispatch(call, provider)
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'server_error', `the emulator failed: ${error}`)
    call.notes.push(refusal.note)
    return refusal.toResponse()
  }
}
