import { dirname, resolve } from 'node:path'
import type { ContextData } from '../../../../core/compat/contexts.ts'
import { claimsOf, expiryOf } from '../../../../core/ims/decode-token.ts'
import { trustedHost } from '../../../../core/ims/host.ts'
import { defined, isObject } from '../../../../core/json.ts'
import type { Json } from '../../../../core/ports.ts'
import type { AdobeFile } from '../../config/adobe-file.ts'
import { environmentAt } from '../../config/variable-names.ts'
import { contextFromValues } from './keys.ts'

type Tree = Readonly<Record<string, unknown>>

/** A credential in a file. */
export interface Candidate {
  /** What `--credential` accepts for it; the first is shown. */
  readonly names: readonly string[]
  /** The data of the context; `undefined` if it cannot obtain tokens. */
  readonly data?: ContextData | undefined
  /** Why the credential cannot obtain tokens, if it has no data. */
  readonly useless?: string
  /** The values that may name its environment. */
  readonly home?: Tree
}

/** The credentials in a file of each kind. `path` is the file's own path. */
export const candidatesOf: Readonly<Record<AdobeFile, (tree: Tree, path: string) => readonly Candidate[]>> = {
  workspace: ofWorkspace,
  aem: ofAem,
  aemToken: ofAemToken,
  postman: ofPostman,
  pdf: ofPdfServices,
  console: (tree) => [{ names: [String(tree.name ?? 'credential')], data: contextFromValues(tree), home: tree }],
  aio: ofAio,
}

const object = (value: unknown): Tree => (isObject(value) ? value : {})

const withoutSecrets =
  'has no secrets here; use the file that you download from the console, or the .env of the project'
const apiKey = 'is an API key, which obtains no tokens'

function ofWorkspace({ project: given }: Tree): readonly Candidate[] {
  const project = object(given)
  const workspace = object(project.workspace)
  const { credentials } = object(workspace.details)
  const orgId = object(project.org).ims_org_id
  return (Array.isArray(credentials) ? credentials : []).filter(isObject).map((credential) => {
    const { id, name, integration_type: type } = credential
    const [kind, payload] = payloadOf(credential)
    const names = [name, type, kind, id, payload.client_id].filter((each) => each !== undefined).map(String)
    const found = { names, home: { ...payload, ...pick(credential), ...pick(workspace), ...pick(project) } }
    if (kind?.startsWith('api')) return { ...found, useless: apiKey }
    const hasSecret = payload.client_secret !== undefined || payload.client_secrets !== undefined
    if (kind === undefined || (kind !== 'oauth2' && !hasSecret)) return { ...found, useless: withoutSecrets }
    const organization = kind === 'oauth2' ? undefined : (payload.ims_org_id ?? orgId)
    return { ...found, data: contextFromValues({ ...payload, ims_org_id: organization }) }
  })
}

const payloadKeys = ['oauth_server_to_server', 'oauth2', 'jwt', 'api_key', 'apikey']

function payloadOf(credential: Tree): [string | undefined, Tree] {
  const key = [...payloadKeys, String(credential.integration_type)].find((each) => isObject(credential[each]))
  return [key, key === undefined ? {} : object(credential[key])]
}

/** The values that may name an environment; `url` and the like of a project are addresses of the app. */
const pick = ({ env, environment, ims_endpoint, imsEndpoint = ims_endpoint }: Tree): Tree =>
  defined({ env, environment, imsEndpoint })

function ofAem({ integration }: Tree): readonly Candidate[] {
  const { technicalAccount, email, id, org, metascopes, privateKey, imsEndpoint } = object(integration)
  const { clientId, clientSecret } = object(technicalAccount)
  const data = contextFromValues({
    clientId,
    clientSecret,
    org_id: org,
    technical_account_id: id,
    technical_account_email: email,
    meta_scopes: metascopes,
    private_key: privateKey,
  })
  return [{ names: [String(clientId)], data, home: { imsEndpoint } }]
}

function ofAemToken({ accessToken }: Tree): readonly Candidate[] {
  const claims = claimsOf(String(accessToken))
  const expiry = claims && expiryOf(claims)
  const names = ['local development token']
  if (expiry === undefined) return [{ names, useless: 'cannot be read: it does not contain its expiry' }]
  if (expiry <= Date.now()) return [{ names, useless: 'has expired; get a new one from the AEM Developer Console' }]
  const host = trustedHost(claims ?? {})
  const env = host === undefined ? undefined : environmentAt(host)
  const data = { access_token: { token: String(accessToken), expiry }, ...(env !== undefined && { env }) }
  return [{ names, data }]
}

function ofPostman({ name, values }: Tree): readonly Candidate[] {
  const enabled = (values as readonly unknown[]).map(object).filter((value) => value.enabled !== false)
  const record = Object.fromEntries(enabled.map(({ key, value }) => [String(key), value]))
  return [{ names: [String(name ?? 'environment')], data: contextFromValues(record), home: record }]
}

function ofPdfServices(tree: Tree, path: string): readonly Candidate[] {
  const { client_credentials: client, service_account_credentials: jwt, service_principal_credentials: account } = tree
  const { client_id, client_secret } = object(client)
  const { private_key_file: key, ...rest } = object(jwt)
  const data = isObject(jwt)
    ? contextFromValues({
        client_id,
        client_secret,
        ...rest,
        meta_scopes: 'ent_documentcloud_sdk',
        ...(typeof key === 'string' && { private_key: resolve(dirname(path), key) }),
      })
    : defined({
        client_id: client_id as Json,
        client_secrets: [client_secret as Json],
        scopes: ['openid', 'AdobeID', 'DCAPI'],
        ims_org_id: object(account).organization_id as Json,
      })
  return [{ names: [String(client_id)], data, home: object(client) }]
}

/** The contexts of a configuration file, without their tokens: a refresh token works only once. */
function ofAio({ ims, $ims, cli, project }: Tree): readonly Candidate[] {
  const { contexts, config } = object(ims)
  const home = { ...object(config), ...object(cli) }
  const named = Object.entries({ ...object($ims), ...object(contexts) }).filter(([, data]) => isObject(data))
  const found = named.map(([name, data]) => {
    const { access_token: _, refresh_token: __, ...rest } = object(data)
    return { names: [name], data: parsed(rest), home: { ...home, ...rest } }
  })
  return found.length > 0 ? found : ofWorkspace({ project })
}

/** The values of variables may be lists as JSON, which are stored as lists. */
function parsed(data: Tree): ContextData {
  const entries = Object.entries(data).map(([key, value]) => [key, listOf(value)] as const)
  return Object.fromEntries(entries) as ContextData
}

function listOf(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[["']/.test(value)) return value
  try {
    const inner: unknown = JSON.parse(value.trim().replace(/^'(.*)'$/s, '$1'))
    return typeof inner === 'string' ? listOf(inner) : Array.isArray(inner) ? inner : value
  } catch {
    return value
  }
}
