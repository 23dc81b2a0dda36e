import type { Emit } from './events.ts'
import { allowedOrigins, type OriginTest } from './fetch/allowed-origins.ts'
import { secretInPage } from './flows/credentials.ts'
import { type Flow, isSilent, needsUser } from './flows/flow.ts'
import { badOption, requireMethods } from './options.ts'
import { withPlatform } from './platform.ts'
import type { Platform } from './ports.ts'
import { isRenewed } from './session/renewing.ts'
import { type ConnectionOptions, checkValidity } from './setup.ts'

export interface ClientOptions<F extends Flow = Flow>
  extends Platform,
    Omit<ConnectionOptions, 'clock' | 'fetch' | 'readKey'> {
  /** How the credential becomes tokens. */
  readonly flow: F
  /** Whose tokens these are, if one store serves many users: part of their key. If it is given, it must not be empty. */
  readonly owner?: string
  /** ms that a token must still be valid for; default 600,000. */
  readonly minValidity?: number
  readonly onEvent?: Emit
  /** Where `fetch` may send the token. Default: Adobe's API domains. */
  readonly allowedOrigins?: readonly string[]
}

/** The options of a client, checked, with what its platform provides. */
export interface CheckedOptions {
  readonly flow: Flow
  readonly owner: string | undefined
  readonly minValidity: number
  readonly onEvent: Emit | undefined
  readonly allows: OriginTest
  readonly platform: Platform & ConnectionOptions
}

/** A method that tells what a client may be given from anything else; `[]`: it is a function itself. */
const methods: Readonly<Record<string, readonly string[]>> = {
  redirect: ['prepare'],
  pending: ['set'],
  arrival: ['here'],
  changes: ['subscribe'],
  defaults: [],
  observe: [],
  report: [],
  waitUntil: [],
  onEvent: [],
}

/** @throws {ConfigurationError} `BAD_OPTION`; `SECRET_IN_BROWSER` for a credential with a secret in a browser app */
export function checkedOptions(given: ClientOptions): CheckedOptions {
  const { flow, owner, minValidity = 600_000, onEvent, allowedOrigins: origins, ...platform } = withPlatform(given)
  requireFlow(flow)
  requirePlatform(platform)
  for (const [name, value] of Object.entries({ ...platform, onEvent }))
    if (value !== undefined && methods[name]) requireMethods(`createClient: ${name}`, value, ...methods[name])
  // a user who is not known yet must not share the tokens of another one
  if ('owner' in given && (typeof owner !== 'string' || owner === ''))
    throw badOption('createClient: owner must be a non-empty string; leave it out for one user')
  if (flow.refresh && isRenewed(flow)) flow.renewal.requireSafe?.(platform)
  if (flow.confidential && platform.allowsSecrets === false)
    throw secretInPage(`the secret of a ${flow.kind} credential`)
  checkValidity(minValidity)
  return { flow, owner, minValidity, onEvent, allows: allowedOrigins(origins), platform }
}

function requireFlow(flow: Flow | null | undefined): void {
  const isFlow = typeof flow === 'object' && flow !== null && (isSilent(flow) || needsUser(flow))
  if (isFlow && (!flow.refresh || flow.renewal)) return
  throw badOption('createClient needs a flow, such as clientCredentials({…}); with refresh it needs renewal')
}

function requirePlatform({ store, lock }: Platform): void {
  if (typeof store?.get === 'function' && typeof lock === 'function') return
  throw badOption('createClient needs a platform: spread one, such as ...memoryPlatform()')
}
