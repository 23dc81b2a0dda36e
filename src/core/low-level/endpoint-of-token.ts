import { ConfigurationError } from '../errors.ts'
import { getTokenData } from '../ims/decode-token.ts'
import { endpoints, type ImsEnv } from '../ims/environment.ts'
import { trustedHost } from '../ims/host.ts'
import { checkOptions } from '../options.ts'
import { hideSecrets } from '../redact.ts'
import type { ImsOptions } from './ims-options.ts'

/**
 * The IMS that issued `token`, by its `as` claim: the name of its environment, or else its endpoint.
 *
 * @throws {TokenError} `BAD_TOKEN`
 * @throws {ConfigurationError} `CANNOT_RESOLVE_ENVIRONMENT`
 */
function endpointOfToken(token: string): ImsEnv | { readonly endpoint: string } {
  const endpoint = trustedHost(getTokenData(token))
  if (endpoint === undefined) {
    throw new ConfigurationError(
      'CANNOT_RESOLVE_ENVIRONMENT',
      'The token does not name an IMS environment; construct Ims with env or endpoint',
    )
  }
  return (Object.keys(endpoints) as ImsEnv[]).find((name) => endpoints[name] === endpoint) ?? { endpoint }
}

/** What `fromToken` of a class resolves to. An endpoint in the options is used instead of the token's. */
export function imsOfToken<Instance extends object>(
  make: new (options: ImsOptions) => Instance,
  token: string,
  options: ImsOptions,
): { token: string; ims: Instance } {
  const issuer = endpointOfToken(token)
  checkOptions('fromToken', options)
  const issuerOptions = typeof issuer === 'string' ? { env: issuer } : issuer
  return hideSecrets({ token, ims: new make({ ...issuerOptions, ...options }) })
}
