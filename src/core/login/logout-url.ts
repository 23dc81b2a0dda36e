import { logoutPath } from '../ims/endpoints/logout.ts'
import type { Setup } from '../setup.ts'

/** The address that signs the user out at IMS (`GET /ims/logout/v1`), and redirects them to `redirectUri` afterwards. */
export async function logoutUrl({ flow, call }: Setup, redirectUri: string | undefined): Promise<URL> {
  const url = new URL((await call()).endpoint + logoutPath)
  url.searchParams.set('client_id', flow.clientId)
  if (redirectUri !== undefined) url.searchParams.set('redirect_uri', redirectUri)
  return url
}
