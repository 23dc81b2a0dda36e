import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import esbuild from 'rollup-plugin-esbuild'

const flow = "{ clientId: 'c', scopes: ['openid'], redirectUri: location.href }"
const ours = (imports, platform) => `
  import { authorizationCode, createClient, ${imports} } from 'imskit/browser'
  const client = createClient({ flow: authorizationCode(${flow}), ...${platform} })
  export const login = () => client.login()
  export const back = () => client.handleRedirect()
  export const token = () => client.getToken()
  export const logout = () => client.logout()`
const pieces = `{
  store: sessionStore(), lock: processLock(), redirect: pageRedirect(location.href), arrival: pageArrival }`

/**
 * The same job for each: sign in by redirect, come back, use the stored token, sign out. In bytes, gzipped: the budget
 * of what is loaded at start, and the ceiling of everything together, which we are under already and do not go above.
 */
export const jobs = {
  'imskit: login by redirect': {
    budget: 14_400,
    ceiling: 34_150,
    code: ours('pageArrival, pageRedirect, processLock, sessionStore', pieces),
  },
  'imskit: all of browserPlatform()': {
    budget: 18_900,
    ceiling: 38_650,
    code: ours('browserPlatform', 'browserPlatform()'),
  },
  'imskit: named contexts': {
    budget: 24_900,
    ceiling: 44_200,
    code: `export { context, getToken, handleRedirect, login, logout } from 'imskit/browser'`,
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
  'openid-client with jose': {
    code: `
      import * as client from 'openid-client'
      import { decodeJwt } from 'jose'
      const config = new client.Configuration({ issuer: 'a' }, 'c', undefined, client.None())
      const redirect_uri = location.href
      export const login = async () => {
        const verifier = client.randomPKCECodeVerifier()
        const code_challenge = await client.calculatePKCECodeChallenge(verifier)
        const asked = { redirect_uri, scope: 'openid', code_challenge, code_challenge_method: 'S256' }
        return { verifier, url: client.buildAuthorizationUrl(config, asked) }
      }
      export const back = (pkceCodeVerifier) => client.authorizationCodeGrant(config, new URL(location.href), { pkceCodeVerifier })
      export const again = (token) => client.refreshTokenGrant(config, token)
      export const claims = (token) => decodeJwt(token)
      export const logout = () => client.buildEndSessionUrl(config)`,
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

/** The files for a script tag, in bytes gzipped. The one for a login holds no other flow. */
export const files = {
  'imskit.login.js': { ceiling: 42_400, login: true },
  'imskit.js': { ceiling: 65_850, login: false },
  'imskit.global.js': { ceiling: 65_500, login: false },
}

/** What must never come with a login: another flow, another runtime, the emulator. */
export const bleeding =
  /client_credentials|exchange\/jwt|jwt-bearer|cluster_at_exchange|token-exchange|node:|emulator|PRIVATE KEY/

/** Flows of credentials without a login, as `src/core/api.ts` exports them. */
export const silentFlows = () => {
  const list = readFileSync(new URL('../src/core/api.ts', import.meta.url), 'utf8')
  const flows = [...list.matchAll(/^export \{.*\b(\w+) \} from '\.\/flows\//gm)].map(([, name]) => name)
  return flows.filter((name) => !['authorizationCode', 'signAssertion'].includes(name))
}

/** What must never come with them: the login of a client, its callback, and what is stored in between. */
export const bleedingLogin = /imskit\/pending|imskit\/finished|STATE_MISMATCH|login_hint|handleRedirect|startLogin/

/** What must not come with a flow that gets no refresh token: the code that redeems one, and what it stores. */
export const bleedingRefresh =
  /imskit\/renewals|could be redeemed twice|refresh-refused|earlier renewal may still be answered|was not renewed\. Try/

/**
 * `code` as bundlers for browsers ship it, in bytes, gzipped: `whole`, all in one file; `start`, what is loaded before
 * anything is asked of IMS, and `late`, what comes when it is, where the bundler splits off what is imported late.
 */
export async function bundle(code) {
  const [text, chunks] = await Promise.all([inOneFile(code), split(code)])
  const entry = chunks.find(({ isEntry }) => isEntry)
  const start = new Set([entry.fileName])
  for (const name of start) for (const file of chunkNamed(chunks, name).imports) start.add(file)
  const sizes = (atStart) =>
    sum(chunks.filter(({ fileName }) => start.has(fileName) === atStart).map(({ code }) => gzipped(code)))
  return { text, minified: text.length, whole: gzipped(text), start: sizes(true), late: sizes(false) }
}

/** @param more options of the bundler for another runtime than browsers */
export async function inOneFile(code, more = {}) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: process.cwd(), sourcefile: 'job.js' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    ...more,
  })
  return outputFiles[0].text
}

async function split(code) {
  const job = {
    name: 'job',
    resolveId: (id) => (id === 'job' ? 'job' : null),
    load: (id) => (id === 'job' ? code : null),
  }
  const resolve = nodeResolve({ browser: true, exportConditions: ['browser'], rootDir: process.cwd() })
  const made = await rollup({
    input: 'job',
    plugins: [job, resolve, esbuild({ minify: true, target: 'es2022' })],
    onLog: () => {},
    // which modules share a file hangs on which was read first (rollup#5902)
    maxParallelFileOps: 1,
  })
  const { output } = await made.generate({ format: 'es', hoistTransitiveImports: false })
  return output.filter(({ type }) => type === 'chunk')
}

/**
 * What esbuild, and so the Angular CLI, loads at start where it splits: the modules, and their bytes gzipped. A module
 * that is both imported and loaded lazily would come at start with all that it needs.
 */
export async function startOfEsbuild(code) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: process.cwd(), sourcefile: 'job.js' },
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    outdir: 'out',
  })
  const start = new Set(Object.keys(metafile.outputs).filter((name) => metafile.outputs[name].entryPoint === 'job.js'))
  for (const name of start)
    for (const { path, kind } of metafile.outputs[name].imports) if (kind === 'import-statement') start.add(path)
  const files = outputFiles.filter(({ path }) => [...start].some((name) => path.endsWith(name)))
  return {
    modules: [...start].flatMap((name) => Object.keys(metafile.outputs[name].inputs)),
    bytes: sum(files.map(({ text }) => gzipped(text))),
  }
}

const chunkNamed = (chunks, name) => chunks.find(({ fileName }) => fileName === name)
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)

export const gzipped = (text) => gzipSync(text, { level: 9 }).length
