// Plays the caller of an API that is guarded by imskit.
import { clientCredentials, createClient, memoryPlatform } from 'imskit'

/** An access token of the emulator's ready-made server-to-server client, for what `scopes` allow. */
export function takeToken(emulator, scopes = ['openid', 'AdobeID']) {
  const { client_id: clientId, client_secrets: clientSecret } = emulator.contexts.oauth_server_to_server
  const flow = clientCredentials({ clientId, clientSecret, scopes })
  return createClient({ flow, endpoint: emulator.url, ...memoryPlatform() }).getToken()
}

/** Says how the API at `url` is called, without a token and with one. */
export async function showCalls({ url, emulator }) {
  const token = await takeToken(emulator)
  console.log(`This is refused with 401:\n\n  curl -i ${url}api/me\n`)
  console.log(`This is answered:\n\n  curl -i -H 'Authorization: Bearer ${token}' ${url}api/me\n\nCtrl-C ends it.`)
}
