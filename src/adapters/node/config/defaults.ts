import type { ConnectionDefaults, Json } from '../../../core/ports.ts'
import { type AioConfig, type Provenance, provenanceIn, valueIn } from './aio-config.ts'
import { readNow } from './read-now.ts'
import { directoryValue, untrustedEndpoint } from './trust.ts'

const settings = ['ims', 'config'] as const
const endpointKey = [...settings, 'endpoint'] as const
const environmentKey = ['cli', 'env'] as const
const variable = 'AIO_CLI_ENV'

/**
 * The environment and endpoint in the `.aio` files and the process environment. Includes the error for sending secrets
 * of the user to an endpoint that only the working directory names.
 */
export async function configDefaults(config: AioConfig): Promise<ConnectionDefaults> {
  const endpoint = await config.get(endpointKey)
  const place = isSet(endpoint) ? await config.provenance?.(settings) : undefined
  const env = (await config.variable(variable)) || (await config.get(environmentKey))
  return defaultsOf({ endpoint, env, place })
}

/** Like {@link configDefaults}, but synchronous; `undefined` if that is not possible. */
export function configDefaultsNow(): ConnectionDefaults | undefined {
  const content = readNow()
  if (content === undefined) return undefined
  const endpoint = valueIn(content, endpointKey)
  const place = isSet(endpoint) ? provenanceIn(content, settings) : undefined
  const env = content.environment.variables[variable] || valueIn(content, environmentKey)
  return defaultsOf({ endpoint, env, place })
}

interface Found {
  readonly endpoint: Json | undefined
  readonly env: Json | undefined
  readonly place: Provenance | undefined
}

function defaultsOf({ endpoint, env, place }: Found): ConnectionDefaults {
  if (isSet(endpoint)) {
    const named = place && directoryValue(place, settings, 'endpoint', endpoint)
    const untrusted = named && untrustedEndpoint(named, String(endpoint))
    return { endpoint: endpoint as string, ...(untrusted && { untrusted }) }
  }
  const name = typeof env === 'string' ? env.trim().toLowerCase() : ''
  // as in `@adobe/aio-lib-env`, an unknown environment counts as prod
  return { env: name === 'stage' ? 'stage' : 'prod' }
}

/** An empty variable counts as unset. */
const isSet = (value: Json | undefined) => value !== undefined && value !== ''
