import { UserManager, WebStorageStateStore } from 'oidc-client-ts'
import { comesBack, config, here, nameRequests, show } from './control.ts'

// the same tabs on oidc-client-ts

nameRequests()
const { endpoint, clientId } = config
const manager = new UserManager({
  authority: endpoint,
  client_id: clientId,
  redirect_uri: here,
  scope: 'openid offline_access',
  userStore: new WebStorageStateStore({ store: localStorage }),
  loadUserInfo: false,
  accessTokenExpiringNotificationTimeInSeconds: 2,
  metadata: {
    issuer: endpoint,
    authorization_endpoint: `${endpoint}/ims/authorize/v2`,
    token_endpoint: `${endpoint}/ims/token/v3`,
    jwks_uri: `${endpoint}/ims/keys`,
  },
})
if (comesBack) await manager.signinRedirectCallback()
else await manager.getUser()
show({
  login: () => manager.signinRedirect(),
  signedIn: async () => (await manager.getUser())?.expired === false,
})
