import { escapeHtml } from '../../core/html.ts'
import type { EmulatorCall } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import { imsOrganizations, imsProfile, userInfo } from '../tokens/user-claims.ts'
import { requireBearer } from './bearer.ts'

/** `GET /ims/userinfo[/v1|/v2]`; the old version returns `email_verified` as a string. */
export function userInfoEndpoint(call: EmulatorCall, provider: Provider): Response {
  const { authorization, scopes } = requireBearer(call, provider, 'openid')
  const claims = userInfo(authorization.subject, scopes)
  const old = call.version < 2 && 'email_verified' in claims
  return Response.json(old ? { ...claims, email_verified: 'true' } : claims)
}

/** `GET /ims/profile[/v1|/v2|/v3]`. */
export function profileEndpoint(call: EmulatorCall, provider: Provider): Response {
  const { authorization, scopes } = requireBearer(call, provider)
  return Response.json(imsProfile(authorization.subject, scopes))
}

/** `GET /ims/organizations[/v1…v6]`; a user's token needs the scope `read_organizations`. */
export function organizationsEndpoint(call: EmulatorCall, provider: Provider): Response {
  const { authorization } = requireBearer(call, provider, 'read_organizations')
  return Response.json(imsOrganizations(authorization.subject))
}

/** `GET /ims/account_cluster/v2|v3`: the profiles of one login. IMS's format is not documented. */
export function accountClusterEndpoint(call: EmulatorCall, provider: Provider): Response {
  const { subject } = requireBearer(call, provider, 'account_cluster.read').authorization
  const personal = { userId: subject.accountId, authId: subject.accountId, displayName: subject.email }
  const business = subject.organizations.map(({ id, name, userId }) => ({
    userId,
    authId: subject.accountId,
    displayName: name,
    owningEntity: id,
  }))
  return Response.json({ data: [personal, ...business] })
}

/** `GET /ims/avatar/download/{userId}`: a picture with the initials of the user; an empty one for an unknown user. */
export function avatarEndpoint({ url }: EmulatorCall, { users }: Provider): Response {
  const user = users.byUserId(userIdIn(url.pathname))
  const initials = [user?.firstName, user?.lastName].map((name) => name?.[0] ?? '').join('')
  const style = 'font: 40px sans-serif; fill: #fff'
  const label = `<text x="50" y="64" text-anchor="middle" style="${style}">${escapeHtml(initials)}</text>`
  const picture = `<rect width="100" height="100" fill="#5c5ce0"/>${label}`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">${picture}</svg>`
  return new Response(svg, { headers: { 'content-type': 'image/svg+xml', 'x-content-type-options': 'nosniff' } })
}

function userIdIn(pathname: string): string {
  try {
    return decodeURIComponent(pathname.split('/')[4] ?? '')
  } catch {
    throw new Refusal(400, 'invalid_request', 'malformed path')
  }
}
