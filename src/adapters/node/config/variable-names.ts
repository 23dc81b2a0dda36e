import { list, parseSecrets } from '../../../core/compat/context-kind.ts'
import type { ContextData } from '../../../core/compat/contexts.ts'
import { ConfigurationError } from '../../../core/errors.ts'
import { endpoints } from '../../../core/ims/environment.ts'
import { isObject } from '../../../core/json.ts'
import type { Json } from '../../../core/ports.ts'

/** The prefix of the variables of another tool. */
export type VariablePrefix = 'AIO_COMMERCE_AUTH_IMS' | 'IMS_OAUTH_S2S' | 'OAUTHS2S' | 'OAUTH' | 'IMS'

/** In the order of preference. */
export const variablePrefixes: readonly VariablePrefix[] = [
  'AIO_COMMERCE_AUTH_IMS',
  'IMS_OAUTH_S2S',
  'OAUTHS2S',
  'OAUTH',
  'IMS',
]

// the keys of a context, and the names that other tools use; the first name that is set is used
const endings = {
  client_id: ['CLIENT_ID'],
  client_secrets: ['CLIENT_SECRETS', 'CLIENT_SECRET'],
  technical_account_id: ['TECHNICAL_ACCOUNT_ID'],
  technical_account_email: ['TECHNICAL_ACCOUNT_EMAIL'],
  scopes: ['SCOPES', 'SCOPE'],
  ims_org_id: ['ORG_ID', 'IMS_ORG_ID'],
  env: ['ENVIRONMENT', 'ENV'],
} as const
// variables with the address of the IMS that a credential is for
const hosts = ['HOST', 'BASE_URL', 'ENDPOINT', 'TOKEN_URL'] as const
const injectedKeys = {
  client_id: ['clientId', 'client_id'],
  client_secrets: ['clientSecrets', 'client_secrets', 'clientSecret', 'client_secret'],
  scopes: ['scopes'],
  ims_org_id: ['orgId', 'org_id', 'imsOrgId', 'ims_org_id'],
} as const

/**
 * The credential in `variables` under the names of other tools, as data of a context: client id, secret and any further
 * values.
 *
 * @throws {ConfigurationError} `MISSING_ENVIRONMENT_VARIABLE` naming the missing variable; `BAD_OPTION` if the variables
 *   name two clients, two environments, or a server that is not Adobe's
 */
export function contextFromVariables(
  variables: Readonly<Record<string, unknown>>,
  prefix?: VariablePrefix,
): ContextData {
  if (prefix !== undefined && !variablePrefixes.includes(prefix))
    throw new ConfigurationError('BAD_OPTION', `The option prefix must be one of ${variablePrefixes.join(', ')}.`)
  const prefixes = prefix === undefined ? variablePrefixes : [prefix]
  const found = prefixes.map((each) => ({ prefix: each, data: read(variables, endings, `${each}_`) }))
  const [first, ...others] = found.filter(({ data }) => isWhole(data))
  if (first === undefined) throw missing(found)
  const other = others.find(({ data }) => data.client_id !== first.data.client_id)
  if (other === undefined) return { ...first.data, ...environmentOf(variables, first.prefix, first.data) }
  const both = `${first.prefix}_CLIENT_ID and ${other.prefix}_CLIENT_ID name two clients`
  throw new ConfigurationError('BAD_OPTION', `${both}. Choose one with the option prefix.`)
}

/**
 * The credential that I/O Runtime passes to an action with the annotation `include-ims-credentials`; `undefined` if it
 * passes none.
 *
 * @throws {ConfigurationError} `MISSING_ENVIRONMENT_VARIABLE` if the value is not a credential
 */
export function injectedContext({
  __ims_oauth_s2s: given,
  __ims_env: env,
}: Readonly<Record<string, unknown>>): ContextData | undefined {
  if (!isSet(given, '__ims_oauth_s2s')) return undefined
  const credential = typeof given === 'string' ? parsed(given) : given
  const data = isObject(credential) ? read(credential, injectedKeys) : {}
  if (!isWhole(data)) {
    const what =
      '__ims_oauth_s2s does not contain a client id and a secret. Check the annotation include-ims-credentials.'
    throw new ConfigurationError('MISSING_ENVIRONMENT_VARIABLE', what)
  }
  return isSet(env, '__ims_env') ? { ...data, env: env as Json } : data
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function read(
  variables: Readonly<Record<string, unknown>>,
  spellings: Readonly<Record<string, readonly string[]>>,
  prefix = '',
): ContextData {
  const data: Record<string, Json> = {}
  for (const [key, names] of Object.entries(spellings)) {
    const name = names.map((each) => prefix + each).find((each) => isSet(variables[each], each))
    if (name === undefined) continue
    const value = variables[name] as Json
    if (key === 'scopes') data[key] = list({ scopes: value }, 'scopes')
    else if (key === 'client_secrets') data[key] = secrets(value, /SECRETS$/.test(name))
    else data[key] = unquoted(value)
  }
  return data
}

/**
 * The environment, if a variable names its server: a secret must not be sent to production because its server was ignored.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
function environmentOf(
  variables: Readonly<Record<string, unknown>>,
  prefix: VariablePrefix,
  { env }: ContextData,
): { env?: string } {
  const set = hosts.map((each) => `${prefix}_${each}`).filter((name) => isSet(variables[name], name))
  let found = env === undefined ? undefined : { name: `${prefix}_ENVIRONMENT`, env: String(env).trim().toLowerCase() }
  for (const name of set) {
    const named = environmentAt(String(unquoted(variables[name] as Json)))
    if (named === undefined)
      throw new ConfigurationError(
        'BAD_OPTION',
        `${name} names a server that is not Adobe's. Remove it, and pass its address as the option endpoint.`,
      )
    if (found !== undefined && found.env !== named)
      throw new ConfigurationError(
        'BAD_OPTION',
        `${found.name} and ${name} name two environments. Correct one of them.`,
      )
    found = { name, env: named }
  }
  return found === undefined || set.length === 0 ? {} : { env: found.env }
}

/** The environment whose server is at `address`; `undefined` for any other server. */
export function environmentAt(address: string): string | undefined {
  const url = address.includes('://') ? address : `https://${address}`
  if (!URL.canParse(url)) return undefined
  const { origin } = new URL(url)
  return Object.entries(endpoints).find(([, endpoint]) => endpoint === origin)?.[0]
}

/** Removes the quotes that Docker and some shells leave around a value of an env file. */
function unquoted(value: Json): Json {
  if (typeof value !== 'string') return value
  return /^\s*(["'])(.*)\1\s*$/s.exec(value)?.[2] ?? value
}

/** Whether a variable is set. App Builder passes `$NAME` if a variable of the deployment is not set. */
function isSet(value: unknown, name: string): boolean {
  return value !== undefined && value !== null && value !== '' && value !== `$${name}`
}

/** One secret may contain any character; several are JSON, or separated by commas. */
function secrets(value: Json, several: boolean): Json[] {
  const all = parseSecrets(value) as Json[]
  const isText = all.length === 1 && all[0] === value && typeof value === 'string'
  return several && isText ? value.split(',').map((each) => each.trim()) : all
}

const isWhole = ({ client_id, client_secrets }: ContextData) => client_id !== undefined && client_secrets !== undefined

function missing(
  found: readonly { readonly prefix: VariablePrefix; readonly data: ContextData }[],
): ConfigurationError {
  const part = found.find(({ data }) => data.client_id !== undefined || data.client_secrets !== undefined)
  const names = found.map(({ prefix }) => `${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET`)
  const what =
    part === undefined
      ? `The variables do not contain a credential. Set ${names.join(', or ')}.`
      : `${part.prefix}_${part.data.client_id === undefined ? 'CLIENT_ID' : 'CLIENT_SECRET'} is missing. Set it as well.`
  return new ConfigurationError('MISSING_ENVIRONMENT_VARIABLE', what)
}
