// What the workflow runs: takes a token, has the runner cover it in the log from here on, and calls the API.
import { clientCredentials, createClient, memoryStore, nodePlatform } from 'imskit'

const { IMS_CLIENT_ID: clientId, IMS_CLIENT_SECRET: clientSecret, IMS_ORG_ID: orgId, API_URL: api } = process.env

try {
  const flow = clientCredentials({ clientId, clientSecret, scopes: ['openid', 'AdobeID'], orgId })
  // in memory: the disk of a runner may be another job's tomorrow
  const ims = createClient({ flow, allowedOrigins: [new URL(api).origin], ...nodePlatform(), store: memoryStore() })
  console.log(`::add-mask::${await ims.getToken()}`)
  const response = await ims.fetch(api)
  if (!response.ok) throw new Error(`${api} answered ${response.status}`)
  // as JSON: a line of somebody else's that begins with :: would be a command to the runner
  console.log(JSON.stringify(await response.json()))
} catch ({ code = 'failed', message }) {
  console.log(`::error title=Call an Adobe API::${code}: ${message.replace(/\s+/g, ' ')}`)
  process.exitCode = 1
}
