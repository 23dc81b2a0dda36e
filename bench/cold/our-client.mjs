import { clientCredentials, createClient, nodePlatform } from 'imskit/node'
import { report } from './report.mjs'

const flow = clientCredentials({ clientId: 'bench-client', clientSecret: 'secret', scopes: ['openid'] })
createClient({ flow, ...nodePlatform() })
report()
