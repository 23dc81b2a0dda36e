/** The headers of an API request with `token` (RFC 6750, section 2.1), as Adobe's APIs want them. */
export function authHeaders(
  token: string,
  { clientId, orgId }: { readonly clientId: string; readonly orgId?: string | undefined },
): Record<string, string> {
  const organization = orgId === undefined ? {} : { 'x-gw-ims-org-id': orgId }
  return { authorization: `Bearer ${token}`, 'x-api-key': clientId, ...organization }
}
