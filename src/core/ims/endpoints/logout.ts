/** `GET /ims/logout/v1`: ends a user's session at IMS and redirects the browser. */
export const logoutPath = '/ims/logout/v1'

export function logoutParameters({ clientId, redirectUri }: { clientId: string; redirectUri?: string }): object {
  return { client_id: clientId, redirect_uri: redirectUri }
}
