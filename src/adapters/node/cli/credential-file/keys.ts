import { list, parseSecrets } from '../../../../core/compat/context-kind.ts'
import type { ContextData } from '../../../../core/compat/contexts.ts'
import { defined } from '../../../../core/json.ts'
import type { Json } from '../../../../core/ports.ts'

type Values = Readonly<Record<string, unknown>>

// the names of a credential in the files of Adobe, in lower case and without separators; the first that is set is used
const spellings = {
  client_id: ['clientid', 'apikey'],
  client_secret: ['clientsecret', 'clientsecrets'],
  ims_org_id: ['orgid', 'imsorgid', 'imsorg', 'organizationid'],
  technical_account_id: ['technicalaccountid', 'accountid'],
  technical_account_email: ['technicalaccountemail'],
  scopes: ['scopes', 'scope'],
  meta_scopes: ['metascopes', 'metascope'],
  private_key: ['privatekey', 'privatekeyfile'],
  passphrase: ['passphrase'],
  redirect_uri: ['redirecturi', 'redirecturis'],
  defaultRedirectUri: ['defaultredirecturi'],
} as const

type Key = keyof typeof spellings

/** Names like `CLIENT_ID`, `client_id` and `clientId` are one name. */
export const plain = (name: string): string => name.toLowerCase().replace(/[_-]/g, '')

/** Values by their {@link plain} names. Empty values, and `$NAME` which App Builder did not replace, count as missing. */
export function byPlainName(values: Values): Values {
  const entries = Object.entries(values).filter(
    ([name, value]) => value !== '' && value !== null && value !== undefined && value !== `$${name}`,
  )
  return Object.fromEntries(entries.map(([name, value]) => [plain(name), value]))
}

/** The data of a context from `values`, under the names that Adobe's files use; `undefined` without a client id. */
export function contextFromValues(values: Values): ContextData | undefined {
  const given = byPlainName(values)
  const found = {} as Record<Key, Json | undefined>
  for (const key of Object.keys(spellings) as Key[]) {
    const name = spellings[key].find((each) => given[each] !== undefined)
    if (name !== undefined) found[key] = given[name] as Json
  }
  const { client_id, client_secret, scopes, meta_scopes, private_key, ...rest } = found
  if (client_id === undefined) return undefined
  const secrets = parseSecrets(client_secret) as Json[]
  const isJwt = meta_scopes !== undefined || private_key !== undefined || given.publickeyswithexpiry !== undefined
  const machine = !isJwt && (rest.technical_account_id !== undefined || rest.technical_account_email !== undefined)
  return defined({
    client_id: unquotedText(client_id),
    ...(machine
      ? { client_secrets: secrets, scopes: scopes === undefined ? undefined : list({ scopes }, 'scopes') }
      : { client_secret: secrets[0] }),
    ...(isJwt && { meta_scopes: meta_scopes === undefined ? undefined : list({ meta_scopes }, 'meta_scopes') }),
    ...(isJwt && { private_key }),
    ...(!isJwt && !machine && { scope: scopes === undefined ? undefined : list({ scopes }, 'scopes').join(',') }),
    ...rest,
  }) as ContextData
}

/** Text that another program wrote as JSON, with quotes, without them. */
export const unquotedText = (value: Json): Json => parseSecrets(value)[0] as Json
