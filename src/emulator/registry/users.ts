import { ConfigurationError } from '../../core/errors.ts'

/** A group of an organization. */
export interface GroupOptions {
  readonly groupName: string
  /** Such as `GRP_ADMIN` or `TEAM_MEMBER`. */
  readonly role: string
  /** A number in one Adobe service, text in the fixtures of another; some groups have none. */
  readonly ident?: number | string
}

/** An organization that a user belongs to. */
export interface OrganizationOptions {
  /** `<24 hex>@AdobeOrg`. */
  readonly id: string
  readonly name: string
  /** The user's business profile there, to which `cluster_at_exchange` switches. Default: derived from both names. */
  readonly userId?: string
  /** Default: administrators with an `ident`, and members without one. Pass an empty list for no groups. */
  readonly groups?: readonly GroupOptions[]
}

/** A user who can sign in. */
export interface UserOptions {
  readonly email: string
  /** Default: derived from `email`, so that it stays the same from run to run. */
  readonly userId?: string
  /** Default: any password is accepted. */
  readonly password?: string
  readonly firstName?: string
  readonly lastName?: string
  /** Two letters (ISO 3166). Default: `US`. */
  readonly country?: string
  readonly organizations?: readonly OrganizationOptions[]
}

/** The subject of a token: a user, or the account of a machine. */
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
  /** The organization of the token, if it has one. */
  readonly orgId?: string
}

interface EmulatedUser extends TokenSubject {
  readonly password?: string
}

const maxUsers = 10_000

const defaultGroups: readonly GroupOptions[] = [
  { groupName: 'Administrators', role: 'GRP_ADMIN', ident: 123456789 },
  { groupName: 'Members', role: 'TEAM_MEMBER' },
]

/** The users who can sign in. */
export interface UserDirectory {
  readonly all: readonly TokenSubject[]
  /** The user with this id, which may be the id of a profile in an organization. */
  byUserId(id: string): TokenSubject | undefined
  find(email: string): TokenSubject | undefined
  /** The user, or `undefined` if email address or password is wrong. */
  authenticate(email: string, password: string): TokenSubject | undefined
  /** Adds a user who created an account; `undefined` if the email address is invalid or known. */
  signUp(email: string): Promise<TokenSubject | undefined>
  /** Email addresses of the users who need their password; for the others any is accepted. */
  readonly withPassword: readonly string[]
  /** The default email address of the sign-in form. */
  readonly first: string | undefined
}

/** 24 upper-case hex digits, always the same for one name. */
export async function identifier(name: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name))
  const bytes = [...new Uint8Array(digest, 0, 12)]
  return bytes.map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')
}

async function toUser(options: UserOptions): Promise<EmulatedUser> {
  if (typeof options.email !== 'string' || !options.email.includes('@')) {
    throw new ConfigurationError('BAD_OPTION', 'A user of the emulator has no valid email. Set one for each user.')
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

/** Creates the directory. Email addresses match in any case. */
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
    async signUp(text) {
      const email = text.trim()
      if (!email.includes('@') || users.length >= maxUsers) return undefined
      const user = await toUser({ email })
      // checked after the user was derived, because another request may have added it meanwhile
      if (find(email) !== undefined) return undefined
      users.push(user)
      byEmail.set(email.toLowerCase(), user)
      return user
    },
    withPassword: users.filter(({ password }) => password !== undefined).map(({ email }) => email),
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
