import { kindOf, list, parseSecrets, text } from '../../../../core/compat/context-kind.ts'
import type { ContextData } from '../../../../core/compat/contexts.ts'
import { resolveEndpoint } from '../../../../core/ims/environment.ts'
import type { PrivateKeySource } from '../../../../core/keys/read-private-key.ts'
import type { Json } from '../../../../core/ports.ts'
import type { AioConfig } from '../../config/aio-config.ts'
import { aioContexts } from '../../config/contexts-aio.ts'
import { configDefaults } from '../../config/defaults.ts'
import { readKeyText } from '../../config/read-key.ts'
import { kinds } from '../kinds.ts'

/** The credential of a probe, and the server that receives it. */
export interface Credential {
  readonly endpoint: string
  readonly kind: string
  /** Missing if the client does not belong to the user. */
  readonly clientId?: string
  readonly clientSecret?: string
  readonly orgId?: string
  readonly scopes: readonly string[]
  /** An assertion of a client that signs, for other metascopes than its own if they are given. */
  readonly assertion?: (metaScopes?: readonly string[]) => Promise<string>
  /** Texts that are never printed. */
  readonly secrets: readonly string[]
}

/**
 * The credential of a context, and the only server that may receive it, which also issues its tokens.
 *
 * @throws {ConfigurationError} `UNTRUSTED_SOURCE`, `BAD_OPTION`, `CANNOT_GENERATE_TOKEN`
 */
export async function credentialOf(name: string, found: ContextData, config: AioConfig): Promise<Credential> {
  const kind = kindOf(name, found, kinds).type
  const { endpoint, data } = await admitted(name, found, config)
  if (kind === 'cli') return { endpoint, kind, scopes: [], secrets: [] }
  const clientId = text(data, 'client_id')
  const clientSecret = [data.client_secret, ...parseSecrets(data.client_secrets)].find((one) => typeof one === 'string')
  const orgId = data.ims_org_id === undefined ? undefined : text(data, 'ims_org_id')
  const scopes = kind === 'oauth_server_to_server' ? 'scopes' : kind === 'jwt' ? 'meta_scopes' : 'scope'
  return {
    endpoint,
    kind,
    clientId,
    ...(typeof clientSecret === 'string' && kind !== 'oauth_public' && { clientSecret }),
    ...(orgId !== undefined && { orgId }),
    scopes: list(data, scopes),
    ...(kind === 'jwt' && { assertion: assertionOf(data, endpoint) }),
    secrets: [...textsIn(data), ...(parseSecrets(data.client_secrets) as string[])],
  }
}

async function admitted(name: string, found: ContextData, config: AioConfig) {
  const { admit } = aioContexts(config)
  const defaults = await configDefaults(config)
  const own = found.endpoint ?? undefined
  const [endpoint, env] = [own ?? defaults.endpoint, found.env ?? defaults.env]
  const untrusted = own === undefined ? defaults.untrusted : undefined
  const to = {
    ...(env !== undefined && { env: String(env) }),
    ...(endpoint !== undefined && { endpoint: String(endpoint) }),
  }
  const use = { data: found, overrides: {}, untrusted, ...(to.endpoint !== undefined && { endpoint: to.endpoint }) }
  const data = admit === undefined ? found : await admit(name, use)
  return { endpoint: resolveEndpoint(to), data }
}

function assertionOf(data: ContextData, endpoint: string): NonNullable<Credential['assertion']> {
  return async (metaScopes = list(data, 'meta_scopes')) => {
    const { importKey, signClaims } = await import('../../../../core/flows/assertion.ts')
    const passphrase = data.passphrase ? text(data, 'passphrase') : undefined
    const key = await importKey({ privateKey: data.private_key as PrivateKeySource, passphrase }, readKeyText)
    const [clientId, orgId] = [text(data, 'client_id'), text(data, 'ims_org_id')]
    const claims = { clientId, orgId, technicalAccountId: text(data, 'technical_account_id'), metaScopes }
    return signClaims(claims, { key, endpoint, now: Date.now() })
  }
}

/** Every text of a context that could be a secret or an id, which are never printed. */
function textsIn(value: Json | ContextData | undefined, key = ''): string[] {
  if (/scope|^env$|^endpoint$|^type$|^redirect/i.test(key)) return []
  // a shorter text may be a common word, such as `true`
  if (typeof value === 'string') return value.length > 5 || key === 'client_id' ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value as Record<string, Json>).flatMap(([name, item]) =>
    textsIn(item, Array.isArray(value) ? key : name),
  )
}
