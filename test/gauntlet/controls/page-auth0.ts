import { createAuth0Client } from '@auth0/auth0-spa-js'
import { comesBack, config, here, nameRequests, show } from './control.ts'

// the same tabs on auth0-spa-js

nameRequests()
const client = await createAuth0Client({
  domain: config.endpoint,
  clientId: config.clientId,
  useRefreshTokens: true,
  cacheLocation: 'localstorage',
  authorizationParams: { redirect_uri: here, scope: 'openid offline_access' },
})
if (comesBack) await client.handleRedirectCallback()
let lastOk = false
setInterval(async () => {
  lastOk = await client.getTokenSilently().then(
    () => true,
    () => false,
  )
}, 1_000)
show({ login: () => client.loginWithRedirect(), signedIn: async () => lastOk })
