// The main job, end to end over real HTTP: one token for each kind of credential, from the emulator that comes along.
// Taken, reused, verified, refreshed where it can be, used on an API call, invalidated. Exit code 0 if all went well.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authorizationCode, clientCredentials, createClient, Ims, jwtBearer, memoryPlatform } from 'imskit'
import { startEmulator } from 'imskit/emulator'
import { nodePlatform } from 'imskit/node'

const emulator = await startEmulator({ autoLogin: 'user@example.com' })
const directory = await mkdtemp(join(tmpdir(), 'imskit-start-'))
const ims = new Ims({ endpoint: emulator.url })
const { jwt, oauth, oauth_public: spa, oauth_server_to_server: server } = emulator.contexts
let failures = 0

/** A browser with someone in it who agrees to everything. */
const browser = async (url) => {
  const response = await fetch(url, { redirect: 'manual' })
  await fetch(response.headers.get('location'))
}
const login = { open: browser, output: () => {}, isInteractive: true }
const options = { endpoint: emulator.url, allowedOrigins: [emulator.url] }

const credentials = {
  'OAuth Server-to-Server': createClient({
    ...options,
    ...nodePlatform({ directory }),
    flow: clientCredentials({
      clientId: server.client_id,
      clientSecret: server.client_secrets,
      scopes: server.scopes,
      orgId: server.ims_org_id,
    }),
  }),
  'Service Account (JWT)': createClient({
    ...options,
    ...memoryPlatform(),
    flow: jwtBearer({
      clientId: jwt.client_id,
      clientSecret: jwt.client_secret,
      technicalAccountId: jwt.technical_account_id,
      orgId: jwt.ims_org_id,
      metaScopes: jwt.meta_scopes,
      privateKey: jwt.private_key,
    }),
  }),
  'OAuth Web App': createClient({
    ...options,
    ...nodePlatform({ directory, login }),
    flow: authorizationCode({ clientId: oauth.client_id, clientSecret: oauth.client_secret, scopes: oauth.scope }),
  }),
  'OAuth public (PKCE)': createClient({
    ...options,
    ...nodePlatform({ directory, login }),
    flow: authorizationCode({ clientId: spa.client_id, scopes: spa.scope }),
  }),
}

/** Runs one step, prints how it went and how long it took. */
async function step(name, work) {
  const began = performance.now()
  try {
    const note = await work()
    console.log(`    ${name.padEnd(11)} ${(performance.now() - began).toFixed(1).padStart(6)} ms  ${note}`)
  } catch (error) {
    failures++
    console.log(`    ${name.padEnd(11)} FAILED     ${error.code ?? ''} ${error.message}`)
  }
}

function expect(holds, what) {
  if (!holds) throw new Error(`expected ${what}`)
}

const tokenRequests = () => emulator.requests.filter(({ path }) => /\/ims\/(token|exchange)/.test(path)).length

console.log(`imskit takes tokens from the emulator on ${emulator.url}\n`)
for (const [name, client] of Object.entries(credentials)) {
  console.log(`  ${name}`)
  let token = ''
  await step('taken', async () => {
    token = 'login' in client ? await client.login() : await client.getToken()
    return `${token.length} characters`
  })
  await step('reused', async () => {
    const before = tokenRequests()
    expect((await client.getToken()) === token, 'the same token')
    expect(tokenRequests() === before, 'no request')
    return 'no request'
  })
  await step('verified', async () => {
    const claims = await ims.verifyToken(token)
    return `RS256 signature of IMS, client ${claims.client_id}`
  })
  await step('renewed', async () => {
    const before = emulator.requests.length
    const fresh = await client.getToken({ force: true })
    expect(fresh !== token, 'another token')
    token = fresh
    const { params } = emulator.requests.slice(before).find(({ path }) => /\/ims\/(token|exchange)/.test(path))
    return params.grant_type === 'refresh_token'
      ? 'by its refresh token, which was rotated'
      : 'by the credential itself'
  })
  await step('used', async () => {
    const response = await client.fetch(`${emulator.url}/api/echo`)
    expect(response.status === 200, `status 200, not ${response.status}`)
    return 'API call answered 200'
  })
  await step('invalidated', async () => {
    await client.invalidate()
    const { valid } = await ims.validateToken(token)
    expect(!valid, 'IMS to refuse the token')
    return 'IMS no longer accepts it'
  })
  client.close()
}
await emulator.close()
await rm(directory, { recursive: true, force: true })
console.log(failures === 0 ? '\nAll four kinds of credential work.' : `\n${failures} steps failed.`)
process.exitCode = failures === 0 ? 0 : 1

if (process.argv.includes('--serve')) {
  const { serve } = await import('./serve.mjs')
  const { url, ims } = await serve()
  console.log(
    `\nSign in with a page: ${url}\n  (IMS is the emulator on ${ims}; any password will do; Ctrl-C ends both)`,
  )
}
