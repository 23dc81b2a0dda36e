import { ConfigurationError } from '../errors.ts'
import { withoutTrailing } from '../text.ts'

/** The IMS environments that have a name. */
export type ImsEnv = 'prod' | 'stage'

/** Base URLs by environment. */
export const endpoints: Readonly<Record<ImsEnv, string>> = {
  prod: 'https://ims-na1.adobelogin.com',
  stage: 'https://ims-na1-stg1.adobelogin.com',
}

/**
 * Whether `hostname` names this machine. Plain http is accepted only there.
 *
 * @param hostname of a URL, or an address to listen on; IPv6 with or without brackets
 * @example
 * isLoopback(new URL('http://localhost:8888').hostname) // true
 */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|::1|\[::1]|127(?:\.\d{1,3}){3})$/.test(hostname)
}

/**
 * The base URL to call, without a trailing slash.
 *
 * `endpoint` (an https URL, or http on loopback) wins over `env` (`prod`, `stage`; default `prod`).
 *
 * @throws {ConfigurationError} `BAD_OPTION` for any other value
 */
export function resolveEndpoint({
  env,
  endpoint,
}: {
  env?: string | undefined
  endpoint?: string | undefined
}): string {
  if (endpoint !== undefined) return checkEndpoint(endpoint)
  const known = endpoints[(env ?? 'prod') as ImsEnv]
  if (known !== undefined && Object.hasOwn(endpoints, env ?? 'prod')) return known
  throw new ConfigurationError(
    'BAD_OPTION',
    `env ${typeof env === 'string' ? JSON.stringify(env) : `of type ${typeof env}`} is not known; use "prod" or "stage", or set endpoint`,
  )
}

function checkEndpoint(endpoint: unknown): string {
  const url = typeof endpoint === 'string' && URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined)
    throw new ConfigurationError(
      'BAD_OPTION',
      'endpoint is not a URL; give the base URL of IMS, such as https://ims-na1.adobelogin.com',
    )
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new ConfigurationError(
      'BAD_OPTION',
      `endpoint ${url.origin} is not https; plain http is accepted on loopback (127.0.0.1, [::1], localhost) only`,
    )
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError('BAD_OPTION', 'endpoint must be a bare base URL, without user, query or fragment')
  }
  return url.origin + withoutTrailing(url.pathname, '/')
}
