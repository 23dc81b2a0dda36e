/** `GET /ims/authorize/v2`: the page on which a user signs in. */
export const authorizePath = '/ims/authorize/v2'

/** `GET /ims/authorize/v1`: the same without PKCE, for `Ims.getSusiUrl`. */
export const authorizeV1Path = '/ims/authorize/v1'

export function authorizeV1Parameters(request: {
  readonly clientId: string
  readonly scopes: string | undefined
  readonly redirectUri: string | undefined
  readonly state: string | undefined
}): object {
  const { clientId, scopes, redirectUri, state } = request
  return {
    response_type: 'code',
    client_id: clientId,
    scope: scopes || undefined,
    redirect_uri: redirectUri || undefined,
    state,
  }
}
