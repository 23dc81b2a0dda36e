import { ConfigurationError } from '../errors.ts'
import { getTokenData } from '../ims/decode-token.ts'
import { endpoints, type ImsEnv } from '../ims/environment.ts'
import { checkOptions } from '../options.ts'
import { hideSecrets } from '../redact.ts'
import type { ImsOptions } from './ims-options.ts'

/**
 * The IMS that issued `token`, by its `as` claim: the name of its environment where it has one.
 *
 * @throws {TokenError} `BAD_TOKEN`
 * @throws {ConfigurationError} `CANNOT_RESOLVE_ENVIRONMENT`
 */
function endpointOfToken(token: string): ImsEnv | { readonly endpoint: string } {
  const { as } = getTokenData(token)
  // the claim is unverified: it may choose among Adobe's own hosts only
  if (typeof as !== 'string' || !/^ims-[a-z]{2}\d(?:-stg\d)?$/.test(as)) {
    throw new ConfigurationError(
      'CANNOT_RESOLVE_ENVIRONMENT',
      'the token names no IMS environment; construct Ims with env or endpoint',
    )
  }
  const endpoint = `https://${as}.adobelogin.com`
  return (Object.keys(endpoints) as ImsEnv[]).find((name) => endpoints[name] === endpoint) ?? { endpoint }
}

/** What `fromToken` of a class resolves to. An endpoint among the options is used instead of the token's. */
export function imsOfToken<Instance extends object>(
  make: new (options: ImsOptions) => Instance,
  token: string,
  options: ImsOptions,
): { token: string; ims: Instance } {
  const issuer = endpointOfToken(token)
  checkOptions('fromToken', options)
  const where = typeof issuer === 'string' ? { env: issuer } : issuer
  return hideSecrets({ token, ims: new make({ ...where, ...options }) })
}
