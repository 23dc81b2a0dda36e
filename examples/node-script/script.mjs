// A script that calls an API as itself. The token is kept for the next run: readable by its owner alone, until it ends.
import { clientCredentials, createClient, nodePlatform } from 'imskit'

const { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, ORG_ID: orgId, API_URL: api } = process.env
const flow = clientCredentials({ clientId, clientSecret, scopes: ['openid', 'AdobeID'], orgId })
const ims = createClient({ flow, allowedOrigins: [new URL(api).origin], ...nodePlatform() })

const response = await ims.fetch(api)
if (!response.ok) throw new Error(`${api} answered ${response.status}: ${await response.text()}`)
console.log(await response.json())
