import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import {
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Ims } from 'imskit'
import { startServices, whoami } from './services.mjs'

// ready-made agents, whose tokens are revoked while they are connected: through the bridge, and with a command

const { ims, seen, url, close } = await startServices({ options: { validate: 'ims' } })
const env = { ...process.env, MCP_SERVER: url, AIO_IMS_CONFIG_ENDPOINT: ims.url }
const { client_id: clientId, client_secrets: secrets } = ims.contexts.oauth_server_to_server

const revoke = (token) => new Ims({ endpoint: ims.url }).revokeToken(token, { clientId, clientSecret: secrets[0] })
const newest = () => [...seen.tokens].at(-1).slice('Bearer '.length)

async function throughBridge() {
  const client = new Client({ name: 'ready-made', version: '1.0.0' })
  await client.connect(new StdioClientTransport({ command: process.execPath, args: ['bridge.js'], env }))
  const answers = [await whoami(client)]
  for (let round = 0; round < 3; round++) {
    await revoke(newest())
    answers.push(await whoami(client))
  }
  const tokens = seen.tokens.size
  // an outage of the server is an error of the call, not silence
  const [unknown] = await Promise.allSettled([client.callTool({ name: 'unknown' })])
  await client.close()
  return { answers, tokens, unknown: unknown.value?.isError ?? unknown.status }
}

async function withHeaders() {
  const command = ['--no-install', 'imskit', 'headers', 'my-agent']
  const { stdout } = await promisify(execFile)('npx', command, { env })
  const headers = JSON.parse(stdout)
  const client = new Client({ name: 'ready-made', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
  const answer = await whoami(client)
  await client.close()
  return { names: Object.keys(headers), answer }
}

/** The agent of the page, as a program with a credential in its environment. */
async function ownAgent() {
  const credential = { CLIENT_ID: clientId, CLIENT_SECRET: secrets[0] }
  const { stdout } = await promisify(execFile)(process.execPath, ['agent.js'], { env: { ...env, ...credential } })
  return stdout.trim()
}

/** What the server answers to a request that the guard does not accept. */
async function refusals() {
  const post = (headers) => fetch(url, { method: 'POST', headers, body: '{}' })
  const responses = [await post({}), await post({ authorization: 'Bearer forged' })]
  return responses.map(({ status, headers }) => [status, headers.get('www-authenticate')?.replaceAll(url, 'URL')])
}

/** What the SDK's own client finds out about the server from a rejection. */
async function discovered() {
  const rejection = await fetch(url, { method: 'POST', body: '{}' })
  const { resourceMetadataUrl } = extractWWWAuthenticateParams(rejection)
  const metadata = await discoverOAuthProtectedResourceMetadata(url, { resourceMetadataUrl })
  const [issuer] = metadata.authorization_servers
  const { token_endpoint } = await discoverAuthorizationServerMetadata(issuer)
  return [metadata.resource === url, issuer === ims.url, token_endpoint === `${ims.url}/ims/token/v3`]
}

const bridge = await throughBridge()
const command = await withHeaders()
const [own, refused, found] = [await ownAgent(), await refusals(), await discovered()]
await close()
console.log(JSON.stringify({ bridge, command, own, refused, found }))
