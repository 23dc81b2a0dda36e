import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const flow = "{ clientId: 'c', scopes: ['openid'], redirectUri: location.href }"
const ours = (imports, platform) => `
  import { authorizationCode, createClient, ${imports} } from './src/adapters/browser/index.ts'
  const client = createClient({ flow: authorizationCode(${flow}), ...${platform} })
  export const login = () => client.login()
  export const back = () => client.handleRedirect()
  export const token = () => client.getToken()
  export const logout = () => client.logout()`
const pieces = `{
  store: sessionStore(), lock: processLock(), redirect: pageRedirect(location.href), arrival: pageArrival }`

/**
 * The same job for each: sign in by redirect, come back, use the stored token, sign out. In bytes, gzipped: the budget
 * that we want to come down to, and the ceiling that we are under already and do not go above again.
 */
export const jobs = {
  'imskit: login by redirect': {
    budget: 9_500,
    ceiling: 20_900,
    code: ours('pageArrival, pageRedirect, processLock, sessionStore', pieces),
  },
  'imskit: all of browserPlatform()': {
    budget: 13_000,
    ceiling: 23_900,
    code: ours('browserPlatform', 'browserPlatform()'),
  },
  'imskit: named contexts': {
    ceiling: 27_800,
    code: `export { context, getToken, handleRedirect, login, logout } from './src/adapters/browser/index.ts'`,
  },
  'oidc-client-ts': {
    code: `
      import { UserManager } from 'oidc-client-ts'
      const client = new UserManager({ authority: 'a', client_id: 'c', redirect_uri: location.href })
      export const login = () => client.signinRedirect()
      export const back = () => client.signinRedirectCallback()
      export const token = async () => (await client.getUser())?.access_token
      export const logout = () => client.signoutRedirect()`,
  },
  '@auth0/auth0-spa-js': {
    code: `
      import { Auth0Client } from '@auth0/auth0-spa-js'
      const client = new Auth0Client({ domain: 'a', clientId: 'c' })
      export const login = () => client.loginWithRedirect()
      export const back = () => client.handleRedirectCallback()
      export const token = () => client.getTokenSilently()
      export const logout = () => client.logout()`,
  },
  '@azure/msal-browser': {
    code: `
      import { PublicClientApplication } from '@azure/msal-browser'
      const client = new PublicClientApplication({ auth: { clientId: 'c' } })
      export const login = () => client.loginRedirect()
      export const back = () => client.handleRedirectPromise()
      export const token = () => client.acquireTokenSilent({ scopes: ['openid'] })
      export const logout = () => client.logoutRedirect()`,
  },
}

/** The files for a script tag. */
export const files = { budget: 18_000, ceiling: 28_000, names: ['imskit.js', 'imskit.global.js'] }

/** What must never come with a login: another flow, another runtime, the emulator. */
export const bleeding = /client_credentials|exchange\/jwt|jwt-bearer|cluster_at_exchange|node:|emulator|PRIVATE KEY/

/** `code` as a bundler for browsers ships it. */
export async function bundle(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: process.cwd(), sourcefile: 'job.js' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
  })
  const { text } = outputFiles[0]
  return { text, gzip: gzipped(text) }
}

export const gzipped = (text) => gzipSync(text, { level: 9 }).length
