const domain = '.adobelogin.com'

/**
 * The base URL of the IMS server that issued a token, by its `as` claim, such as `ims-na1`; `undefined` if it has none.
 * The claim is not verified: compare the result, send nothing to it.
 */
export function issuingHost(claims: { readonly as?: unknown } | undefined): string | undefined {
  return typeof claims?.as === 'string' ? `https://${claims.as}${domain}` : undefined
}

/** Like {@link issuingHost}, but `undefined` if `endpoint` is that host, or is not a host of Adobe's. */
export function foreignHost(claims: { readonly as?: unknown } | undefined, endpoint: string): string | undefined {
  const host = issuingHost(claims)
  return host !== endpoint && endpoint.endsWith(domain) ? host : undefined
}

/** Like {@link issuingHost}, but only for names that Adobe's servers have, so that requests can be sent to it. */
export function trustedHost(claims: { readonly as?: unknown }): string | undefined {
  return typeof claims.as === 'string' && /^ims-[a-z]{2}\d(?:-stg\d)?$/.test(claims.as)
    ? issuingHost(claims)
    : undefined
}

/** Whether `endpoint` is a server of Adobe's: https, on its default port. */
export function isAdobes(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false
  const { protocol, hostname, port } = new URL(endpoint)
  return protocol === 'https:' && port === '' && hostname.endsWith(domain)
}
