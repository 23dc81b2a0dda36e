import { type EmulatorCall, requireParameter } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { OrganizationOptions, TokenSubject } from '../registry/users.ts'
import { imsOrganizations, imsProfile } from '../tokens/user-claims.ts'
import { requireBearer } from './bearer.ts'
import { requireClient } from './client-authentication.ts'

/** The scopes for all members of a profile. */
const everyScope = [
  'additional_info.ownerOrg',
  'additional_info.projectedProductContext',
  'additional_info.roles',
] as const
const pageSize = 50

/** Accepts only service tokens: those of a permanent code, or with the scope `system`. */
function requireService(call: EmulatorCall, provider: Provider): void {
  const { authorization, scopes } = requireBearer(call, provider)
  if (authorization.subject.kind !== 'service' && !scopes.includes('system')) {
    throw new Refusal(403, 'access_denied', 'a service token is required')
  }
  const named = call.headers.get('x-ims-clientid') ?? call.params.get('client_id')
  if (named !== null && requireClient(provider, named) !== authorization.client) {
    throw new Refusal(400, 'invalid_client', 'the client_id is not the one of the token')
  }
}

function requireUser(call: EmulatorCall, provider: Provider): TokenSubject {
  requireService(call, provider)
  const id = `${requireParameter(call, 'guid')}@${requireParameter(call, 'auth_src')}`
  const user = provider.users.byUserId(id)
  if (user === undefined) throw new Refusal(404, 'not_found', 'there is no user with this guid and auth_src')
  return user
}

/** `POST /ims/admin_profile/v1…v3`: the profile of the user `guid`@`auth_src`, for a service token. */
export function adminProfileEndpoint(call: EmulatorCall, provider: Provider): Response {
  return Response.json(imsProfile(requireUser(call, provider), everyScope))
}

/** `POST /ims/admin_organizations/v1…v6`: the organizations of the user `guid`@`auth_src`, for a service token. */
export function adminOrganizationsEndpoint(call: EmulatorCall, provider: Provider): Response {
  return Response.json(imsOrganizations(requireUser(call, provider)))
}

interface Organization {
  readonly organization: Required<OrganizationOptions>
  readonly members: readonly TokenSubject[]
}

function requireOrganization(id: string, provider: Provider): Organization {
  const members = provider.users.all.filter(({ organizations }) => organizations.some((each) => each.id === id))
  const organization = members[0]?.organizations.find((each) => each.id === id)
  if (organization === undefined) throw new Refusal(404, 'not_found', 'there is no such organization')
  return { organization, members }
}

function pathSegment({ url }: EmulatorCall, index: number): string {
  try {
    return decodeURIComponent(url.pathname.split('/')[index] ?? '')
  } catch {
    throw new Refusal(400, 'invalid_request', 'malformed path')
  }
}

/** `GET /ims/organizations/{org}/v2`: one organization with all its groups, whose `ident` is text here. */
export function organizationEndpoint(call: EmulatorCall, provider: Provider): Response {
  requireService(call, provider)
  const { organization, members } = requireOrganization(pathSegment(call, 3), provider)
  const groups = organization.groups.map(({ ident, ...group }) => ({
    ...group,
    ...(ident !== undefined && { ident: String(ident) }),
  }))
  return Response.json({
    orgName: organization.name,
    orgType: 'Enterprise',
    countryCode: members[0]?.country,
    ...(groups.length > 0 && { groups }),
  })
}

/** `GET /ims/organizations/{org}/groups/{ident}/members`: the first page of the members. */
export function groupMembersEndpoint(call: EmulatorCall, provider: Provider): Response {
  requireService(call, provider)
  const { organization, members } = requireOrganization(pathSegment(call, 3), provider)
  const ident = pathSegment(call, 5)
  if (!organization.groups.some((group) => group.ident !== undefined && String(group.ident) === ident)) {
    throw new Refusal(404, 'not_found', 'there is no such group')
  }
  const items = members
    .slice(0, pageSize)
    .map(({ email, firstName, lastName }) => ({ username: email, email, firstName, lastName }))
  return Response.json({ startIndex: 0, batchSize: items.length, totalSize: members.length, items })
}

/** `POST /ims/fetch_pc_by_org/v1`: the product contexts of the organization `org_id`@`auth_src`. */
export function productContextEndpoint(call: EmulatorCall, provider: Provider): Response {
  requireService(call, provider)
  const ident = requireParameter(call, 'org_id')
  requireOrganization(`${ident}@${requireParameter(call, 'auth_src')}`, provider)
  const context = { serviceCode: 'dma_tartan', params: { tenant_id: `tenant-${ident.toLowerCase()}` } }
  return Response.json({ productContexts: [context] })
}
