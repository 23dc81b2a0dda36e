// prints the token of a client whose store is the keychain, or the error, and the events without their operations
import { clientCredentials, createClient, nodePlatform, refreshToken } from 'imskit/node'

const { endpoint, credential, refresh, keychain = true } = JSON.parse(process.argv[2])
const events = []
const flow = refresh ? refreshToken(refresh) : clientCredentials(credential)
const client = createClient({ flow, endpoint, ...nodePlatform({ keychain }), onEvent: (event) => events.push(event) })
const result = await client.getToken().then(
  (token) => ({ token }),
  ({ code, message }) => ({ code, message }),
)
const degraded = () => events.filter(({ type }) => type === 'store-degraded').map(({ reason }) => reason)
// what is encrypted in the background is written before the process exits by itself
process.on('exit', () => console.log(JSON.stringify({ ...result, degraded: degraded() })))
