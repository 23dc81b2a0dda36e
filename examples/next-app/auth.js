import { authorizationCode } from 'imskit/core'
import { createNextAuth } from 'imskit/next'

// a function, as `next build` runs without these variables
export const { GET, POST, proxy, getSession, requireSession } = createNextAuth(() => ({
  flow: authorizationCode({
    clientId: process.env.IMS_CLIENT_ID,
    clientSecret: process.env.IMS_CLIENT_SECRET,
    scopes: 'openid,AdobeID,profile,email,offline_access',
  }),
  origin: process.env.ORIGIN,
  sessionSecret: process.env.SESSION_SECRET,
  allowedOrigins: [new URL(process.env.API_URL).origin],
  // for development: in production neither is set, and the site is https
  endpoint: process.env.IMS_ENDPOINT,
  insecure: process.env.INSECURE === 'true',
}))
