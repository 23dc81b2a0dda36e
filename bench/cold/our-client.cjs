const { clientCredentials, createClient, nodePlatform } = require('imskit/node')
const { report } = require('./report.cjs')

const flow = clientCredentials({ clientId: 'bench-client', clientSecret: 'secret', scopes: ['openid'] })
createClient({ flow, ...nodePlatform() })
report()
