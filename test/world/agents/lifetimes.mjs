import { authorizationCode, clientCredentials, createClient, memoryPlatform } from 'imskit'
import { connect } from './connect.js'
import { clock, startServices, whoami } from './services.mjs'

// an agent that calls every six hours, for three days and a half: the lifetimes of three tokens and a half

const [kind] = process.argv.slice(2)
const { ims, seen, url, close } = await startServices({ frozen: true })
const options = { endpoint: ims.url, clock, allowedOrigins: [new URL(url).origin], ...memoryPlatform({ clock }) }
const redirectUri = 'http://127.0.0.1:5555/callback'

function machine() {
  const { client_id, client_secrets, scopes, ims_org_id } = ims.contexts.oauth_server_to_server
  const flow = clientCredentials({ clientId: client_id, clientSecret: client_secrets, scopes, orgId: ims_org_id })
  return createClient({ flow, ...options })
}

async function user() {
  const scopes = ['openid', 'AdobeID', 'offline_access']
  const flow = authorizationCode({ clientId: ims.contexts.oauth_public.client_id, scopes, redirectUri, resource: url })
  const client = createClient({ flow, ...options })
  const { headers } = await fetch(await client.startLogin(), { redirect: 'manual' })
  await client.finishLogin(headers.get('location'))
  return client
}

const client = await connect(kind === 'user' ? await user() : machine(), url)
const answers = new Set()
let calls = 0
for (let hours = 0; hours <= 84; hours += 6) {
  answers.add(await whoami(client))
  calls++
  await clock.advance(6 * 3_600_000)
}
await client.close()
const grants = ims.requests.filter(({ path }) => path.startsWith('/ims/token')).map(({ params }) => params.grant_type)
await close()
const refused = seen.statuses.filter((status) => status === 401 || status === 403).length
console.log(JSON.stringify({ answers: [...answers], calls, refused, tokens: seen.tokens.size, grants }))
