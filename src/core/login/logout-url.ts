import { logoutPath } from '../ims/endpoints/logout.ts'
import type { Setup } from '../setup.ts'
import { absoluteUri } from './redirect-uri.ts'

/** The address that signs the user out at IMS (`GET /ims/logout/v1`), and redirects them to `redirectUri` afterwards. */
export async function logoutUrl({ flow, call, platform }: Setup, redirectUri: string | undefined): Promise<URL> {
  const url = new URL((await call()).endpoint + logoutPath)
  url.searchParams.set('client_id', flow.clientId)
  if (redirectUri !== undefined)
    url.searchParams.set('redirect_uri', absoluteUri(redirectUri, platform.arrival?.here()))
  return url
}
