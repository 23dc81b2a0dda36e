import type { TokenSubject } from '../registry/users.ts'

const fullName = ({ firstName, lastName }: TokenSubject) => `${firstName} ${lastName}`

/** The answer of `/ims/userinfo/v2`, by scope. */
export function userInfo(subject: TokenSubject, scopes: readonly string[]): Record<string, unknown> {
  const allowed = (scope: string) => scopes.includes(scope)
  return {
    sub: subject.userId,
    ...(allowed('profile') && {
      account_type: subject.kind === 'user' && subject.orgId === undefined ? 'ind' : 'ent',
      name: fullName(subject),
      given_name: subject.firstName,
      family_name: subject.lastName,
    }),
    ...(allowed('email') && { email: subject.email, email_verified: true }),
    ...(allowed('address') && { address: { country: subject.country } }),
  }
}

/** The products of every organization. AEM's data are `{ iid }` as gzipped JSON, in base64 and in quotes. */
const products = [
  { serviceCode: 'dma_tartan', label: 'Adobe Experience Platform', fulfillable_data: '{"region":"VA7"}' },
  {
    serviceCode: 'dma_aem_cloud',
    label: 'AEM as a Cloud Service',
    fulfillable_data: '"H4sIAAAAAAAAA6tWysxMUbJSKjA0MjYx1U01M7ewNFCqBQBqM/hBFwAAAA=="',
  },
]

/** The answer of `/ims/profile`, by scope. */
export function imsProfile(subject: TokenSubject, scopes: readonly string[]): Record<string, unknown> {
  const allowed = (scope: string) => scopes.includes(scope)
  const ownerOrg = subject.orgId ?? subject.organizations[0]?.id
  const projected = subject.organizations.flatMap(({ id }) =>
    products.map((product) => ({
      prodCtx: { statusCode: 'ACTIVE', ident: id, owningEntity: id, organization_id: id, ...product },
    })),
  )
  return {
    userId: subject.userId,
    authId: subject.accountId,
    account_type: subject.userId.endsWith('.e') ? 'type2e' : 'type1',
    displayName: fullName(subject),
    name: fullName(subject),
    first_name: subject.firstName,
    last_name: subject.lastName,
    email: subject.email,
    emailVerified: 'true',
    countryCode: subject.country,
    phoneNumber: null,
    preferred_languages: ['en-us'],
    mrktPerm: 'EMAIL:false',
    mrktPermEmail: null,
    utcOffset: 'null',
    tags: ['agegroup_18plus'],
    toua: [],
    optionalAgreements: [],
    serviceAccounts: [],
    ...(allowed('additional_info.ownerOrg') && ownerOrg !== undefined && { ownerOrg }),
    ...(allowed('additional_info.roles') && { roles: [] }),
    ...(allowed('additional_info.projectedProductContext') && { projectedProductContext: projected }),
  }
}

/** The profile members in token responses of the oldest version, by scope. */
export function inlinedProfile(subject: TokenSubject, scopes: readonly string[]): Record<string, unknown> {
  const { account_type: _, ...standard } = userInfo(subject, ['profile', 'email', 'address'])
  return {
    ...(scopes.includes('openid') && { ...standard, email_verified: 'true' }),
    ...(scopes.includes('AdobeID') && imsProfile(subject, scopes)),
  }
}

/** The answer of `/ims/organizations`, with the groups that have an `ident`. */
export function imsOrganizations(subject: TokenSubject): Record<string, unknown>[] {
  return subject.organizations.map(({ id, name, groups }) => {
    const [ident, authSrc = 'AdobeOrg'] = id.split('@')
    return {
      orgName: name,
      orgType: 'Enterprise',
      countryCode: subject.country,
      orgRef: { ident, authSrc },
      groups: groups.filter(({ ident }) => ident !== undefined),
    }
  })
}
