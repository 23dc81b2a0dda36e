import { gzipped, inOneFile } from './bundles.mjs'

const ours = (names, before, inside) => `
  import { ${names} } from './src/adapters/worker/index.ts'
  ${before}
  export default { async fetch(request, env, ctx) { ${inside} } }`

const flow = 'clientCredentials({ clientId: env.ID, clientSecret: env.SECRET, scopes: env.SCOPES })'
const call = (platform) => `
  const ims = createClient({ flow: ${flow}, ...workerPlatform({ ${platform} ctx }) })
  return ims.fetch(env.API)`
const guard = `const guard = requireToken({ allowList: ['client'], scopes: ['openid'] })`
const guarded = 'const caller = await guard(request); if (caller instanceof Response) return caller;'

/**
 * Workers, in bytes gzipped: the budget that we want to come down to, the ceiling that we do not go above again, and the
 * bare libraries that they stand on.
 */
export const workerJobs = {
  'worker: client credentials': {
    ceiling: 26_100,
    budget: 7_000,
    code: ours('clientCredentials, createClient, workerPlatform', '', call('')),
  },
  'worker: client credentials, KV': {
    ceiling: 26_100,
    code: ours('clientCredentials, createClient, workerPlatform', '', call('kv: env.KV,')),
  },
  'worker: client credentials, Durable Object': {
    ceiling: 28_700,
    code: ours(
      'clientCredentials, createClient, durableTokens, workerPlatform',
      'export { ImsLock } from "./src/adapters/worker/index.ts"',
      call('...durableTokens(env.IMS),'),
    ),
  },
  'worker: guard': {
    ceiling: 16_500,
    code: ours('requireToken', guard, `${guarded} return new Response(caller.user_id)`),
  },
  'worker: client credentials and guard': {
    ceiling: 35_350,
    budget: 12_500,
    code: ours('clientCredentials, createClient, requireToken, workerPlatform', guard, guarded + call('')),
  },
  'openid-client with jose: client credentials and verification': {
    code: `
      import { ClientSecretPost, clientCredentialsGrant, Configuration } from 'openid-client'
      import { createRemoteJWKSet } from 'jose/jwks/remote'
      import { jwtVerify } from 'jose/jwt/verify'
      const keys = createRemoteJWKSet(new URL('https://ims/ims/keys'))
      const as = { issuer: 'https://ims', token_endpoint: 'https://ims/ims/token/v3' }
      export default { async fetch(request, env) {
        await jwtVerify(request.headers.get('authorization').slice(7), keys, { algorithms: ['RS256'] })
        const config = new Configuration(as, env.ID, undefined, ClientSecretPost(env.SECRET))
        const { access_token } = await clientCredentialsGrant(config, { scope: env.SCOPES })
        return fetch(env.API, { headers: { authorization: 'Bearer ' + access_token } })
      } }`,
  },
  'bare oauth4webapi: client credentials': {
    code: `
      import * as oauth from 'oauth4webapi'
      const as = { issuer: 'https://ims', token_endpoint: 'https://ims/ims/token/v3' }
      export default { async fetch(request, env) {
        const client = { client_id: env.ID }
        const auth = oauth.ClientSecretPost(env.SECRET)
        const response = await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: env.SCOPES })
        const { access_token } = await oauth.processClientCredentialsResponse(as, client, response)
        return fetch(env.API, { headers: { authorization: 'Bearer ' + access_token } })
      } }`,
  },
  'bare jose: verification': {
    code: `
      import { createRemoteJWKSet } from 'jose/jwks/remote'
      import { jwtVerify } from 'jose/jwt/verify'
      const keys = createRemoteJWKSet(new URL('https://ims/ims/keys'))
      export default { async fetch(request) {
        const token = request.headers.get('authorization').slice(7)
        const { payload } = await jwtVerify(token, keys, { algorithms: ['RS256'] })
        return new Response(payload.user_id)
      } }`,
  },
}

/** What must not come along: a backend for pages, a login, another flow, the emulator, Node. */
export const bleedingIntoWorkers =
  /__Host-|imskit\/pending|STATE_MISMATCH|exchange\/jwt|cluster_at_exchange|token-exchange|PRIVATE KEY|emulator|node:/

/** `code` as a bundler for workers ships it. */
export async function bundleWorker(code) {
  const conditions = ['workerd', 'worker']
  const text = await inOneFile(code, { platform: 'neutral', mainFields: ['module', 'main'], conditions })
  return { text, gzip: gzipped(text) }
}

if (process.argv[1] === import.meta.filename) {
  for (const [name, { code, budget }] of Object.entries(workerJobs)) {
    const { text, gzip } = await bundleWorker(code)
    const verdict = budget === undefined ? '' : gzip <= budget ? `within ${budget}` : `${gzip - budget} over ${budget}`
    console.log(`${name.padEnd(46)} ${String(text.length).padStart(8)} ${String(gzip).padStart(8)}  ${verdict}`)
  }
}
