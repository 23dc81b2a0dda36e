import { ConfigurationError } from '../../core/errors.ts'

/** A group of an organisation. */
export interface GroupOptions {
  readonly groupName: string
  /** Such as `GRP_ADMIN` or `TEAM_MEMBER`. */
  readonly role: string
  /** A number in one Adobe service, text in the fixtures of another; groups without one occur. */
  readonly ident?: number | string
}

/** An organisation a user belongs to. */
export interface OrganizationOptions {
  /** `<24 hex>@AdobeOrg`. */
  readonly id: string
  readonly name: string
  /** The user's business profile there, which `cluster_at_exchange` switches to. Default: derived from both names. */
  readonly userId?: string
  /** Default: the administrators, with an `ident`, and a group of members without one. None: an empty list. */
  readonly groups?: readonly GroupOptions[]
}

/** A user who can sign in. */
export interface UserOptions {
  readonly email: string
  /** Default: derived from `email`, so that it stays the same from run to run. */
  readonly userId?: string
  /** Without one, any password signs in. */
  readonly password?: string
  readonly firstName?: string
  readonly lastName?: string
  /** Two letters (ISO 3166). Default `US`. */
  readonly country?: string
  readonly organizations?: readonly OrganizationOptions[]
}

/** Whom a token is about: a user, or the account of a machine. */
export interface TokenSubject {
  readonly kind: 'user' | 'technical' | 'service'
  readonly userId: string
  /** The account that signed in; differs from `userId` for a business profile. */
  readonly accountId: string
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly country: string
  readonly organizations: readonly Required<OrganizationOptions>[]
  /** The organisation the token acts for, where there is one. */
  readonly orgId?: string
}

interface EmulatedUser extends TokenSubject {
  readonly password?: string
}

const defaultGroups: readonly GroupOptions[] = [
  { groupName: 'Administrators', role: 'GRP_ADMIN', ident: 123456789 },
  { groupName: 'Members', role: 'TEAM_MEMBER' },
]

/** Everyone who can sign in. */
export interface UserDirectory {
  readonly all: readonly TokenSubject[]
  /** The user with this id, which may be the id of a profile in an organisation. */
  byUserId(id: string): TokenSubject | undefined
  find(email: string): TokenSubject | undefined
  /** The user, or `undefined` where address or password is wrong. */
  authenticate(email: string, password: string): TokenSubject | undefined
  /** The address to offer in the sign-in form. */
  readonly first: string | undefined
}

/** 24 upper-case hex digits that always come out the same for the same name. */
export async function identifier(name: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name))
  const bytes = [...new Uint8Array(digest, 0, 12)]
  return bytes.map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')
}

async function toUser(options: UserOptions): Promise<EmulatedUser> {
  if (typeof options.email !== 'string' || !options.email.includes('@')) {
    throw new ConfigurationError('BAD_OPTION', 'A user of the emulator has no valid email. Give each one an address.')
  }
  const userId = options.userId ?? `${await identifier(options.email)}@AdobeID`
  const organizations = (options.organizations ?? []).map(async ({ id, name, userId: profile, groups }) => ({
    id,
    name,
    groups: groups ?? defaultGroups,
    userId: profile ?? `${await identifier(`${options.email} ${id}`)}@${(await identifier(id)).toLowerCase()}.e`,
  }))
  return {
    kind: 'user',
    userId,
    accountId: userId,
    email: options.email,
    firstName: options.firstName ?? 'Sample',
    lastName: options.lastName ?? 'User',
    country: options.country ?? 'US',
    organizations: await Promise.all(organizations),
    ...(options.password === undefined ? {} : { password: options.password }),
  }
}

/** Makes the directory; addresses are compared without case. */
export async function createUserDirectory(options: readonly UserOptions[]): Promise<UserDirectory> {
  const users = await Promise.all(options.map(toUser))
  const byEmail = new Map(users.map((user) => [user.email.toLowerCase(), user]))
  const find = (email: string) => byEmail.get(email.trim().toLowerCase())
  return {
    all: users,
    byUserId(id) {
      const personal = users.find(({ userId }) => userId === id)
      if (personal !== undefined) return personal
      const owner = users.find(({ organizations }) => organizations.some(({ userId }) => userId === id))
      const profile = owner?.organizations.find(({ userId }) => userId === id)
      return owner && profile && { ...owner, userId: id, orgId: profile.id }
    },
    find,
    authenticate(email, password) {
      const user = find(email)
      return user && (user.password === undefined || user.password === password) ? user : undefined
    },
    first: users[0]?.email,
  }
}

/** The account behind client credentials, a JWT exchange or a service's permanent code. */
export function machineAccount(
  account: Pick<TokenSubject, 'kind' | 'userId' | 'email'> & { orgId?: string },
): TokenSubject {
  const { orgId } = account
  return {
    ...account,
    accountId: account.userId,
    firstName: 'Technical',
    lastName: 'Account',
    country: 'US',
    organizations:
      orgId === undefined ? [] : [{ id: orgId, name: 'Emulated Org', userId: account.userId, groups: defaultGroups }],
  }
}
