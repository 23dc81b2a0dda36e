import { authorizationCode, browserPlatform, createClient } from 'imskit/browser'

const { VITE_CLIENT_ID: clientId = '', VITE_IMS_ENDPOINT: endpoint } = import.meta.env as Record<string, string>

// in a module and not in a component, because StrictMode runs components twice
export const ims = createClient({
  flow: authorizationCode({
    clientId,
    scopes: ['openid', 'profile', 'offline_access'],
    redirectUri: '/',
  }),
  endpoint,
  ...browserPlatform(),
})
