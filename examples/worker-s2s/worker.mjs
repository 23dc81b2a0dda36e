// A Worker that calls an API as itself: the token is taken once, kept in KV, and renewed behind a response.
import { clientCredentials, createClient, workerPlatform } from 'imskit/worker'

export default {
  async fetch(_request, env, ctx) {
    const { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, IMS: endpoint, API: api } = env
    const flow = clientCredentials({ clientId, clientSecret, scopes: ['openid', 'AdobeID'] })
    const platform = workerPlatform({ kv: env.TOKENS, ctx })
    const ims = createClient({ flow, endpoint, allowedOrigins: [new URL(api).origin], ...platform })
    return ims.fetch(api)
  },
}
