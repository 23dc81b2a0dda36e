import type { Project } from './project.ts'

/** The port of the emulator in the files of a project. */
const port = 9090
export const emulatorUrl = `http://127.0.0.1:${port}`

/** The credentials that every emulator has; they are not secret. */
const emulatorPublic = { CLIENT_ID: 'emulator-public', SCOPES: 'openid,AdobeID' }
const emulatorServer = {
  CLIENT_ID: 'emulator-server-to-server',
  CLIENT_SECRET: 'emulator-first-secret',
  SCOPES: 'openid,AdobeID',
}

/** What is written for one kind of project. */
export interface Program {
  /** The client file, and other files of code. */
  readonly files: Readonly<Record<string, string>>
  /** The file of the settings that `imskit link` replaces. */
  readonly settings: string
  /** The prefix of their names. */
  readonly prefix: string
  readonly values: Readonly<Record<string, string>>
  /** Whether the settings contain a secret, so that they must not be committed. */
  readonly secret: boolean
  /** The command that the script `dev:ims` runs next to the emulator. */
  readonly start: string
  readonly next: readonly string[]
}

const exec = (kind: string, command: string) => `imskit emulator exec --port ${port} --kind ${kind} -- ${command}`

/** The code that shows a button to sign in or out; `type` adds a type in TypeScript. */
const signIn = (type: (words: string) => string) => `
/** Shows in \`element\` who is signed in, and a button to sign in or out. */
export async function showSignIn(element${type(': HTMLElement')})${type(': Promise<void>')} {
  const status = document.createElement('p')
  const button = document.createElement('button')
  element.append(status, button)

  async function show()${type(': Promise<void>')} {
    const tokens = await ims.getTokens().catch((error${type(': unknown')}) => {
      if (isImsError(error) && error.code === 'LOGIN_REQUIRED') return undefined
      throw error
    })
    status.textContent = tokens ? \`Signed in\${tokens.claims?.name ? \` as \${tokens.claims.name}\` : ''}.\` : 'Not signed in.'
    button.textContent = tokens ? 'Sign out' : 'Sign in'
    button.onclick = () => attempt(tokens ? signOut : () => ims.login({ returnTo: location.pathname }))
  }

  async function signOut()${type(': Promise<void>')} {
    location.assign(await ims.logout({ postLogoutRedirectUri: '/' }))
  }

  /** Runs \`task\`, and shows the user what went wrong. */
  async function attempt(task${type(': () => Promise<unknown>')})${type(': Promise<void>')} {
    try {
      await task()
    } catch (error) {
      status.textContent = explainError(error) ?? 'You can sign in when you like.'
      console.error(error)
    }
  }

  await attempt(show)
  await attempt(async () => {
    const result = await ims.handleRedirect()
    if (result?.status === 'denied') throw result.error
    if (result === undefined) return
    if (result.returnTo) history.replaceState(history.state, '', result.returnTo)
    await show()
  })
}
`

const plain = () => ''
const typed = (words: string) => words

const imports = `import { authorizationCode, browserPlatform, createClient, explainError, isImsError } from `

const browserClient = (id: string, scopes: string, endpoint: string) => `
export const ims = createClient({
  flow: authorizationCode({ clientId: ${id}, scopes: ${scopes}, redirectUri: '/' }),
  // only the emulator and stage need an address
  ...(${endpoint} && { endpoint: ${endpoint} }),
  ...browserPlatform(),
})
`

function vite({ typescript }: Project): Program {
  const file = typescript ? 'src/ims.ts' : 'src/ims.js'
  const reference = typescript ? '/// <reference types="vite/client" />\n' : ''
  const env = 'const { VITE_CLIENT_ID, VITE_SCOPES, VITE_IMS_ENDPOINT } = import.meta.env\n'
  const client = browserClient('VITE_CLIENT_ID', 'VITE_SCOPES', 'VITE_IMS_ENDPOINT')
  return {
    files: { [file]: `${reference}${imports}'imskit/browser'\n\n${env}${client}${signIn(typescript ? typed : plain)}` },
    settings: '.env.local',
    prefix: 'VITE_',
    values: { ...emulatorPublic, IMS_ENDPOINT: emulatorUrl },
    secret: false,
    start: exec('oauth_public', 'vite'),
    next: [`In your app: import { showSignIn } from './ims', and call showSignIn(document.body)`],
  }
}

function next({ typescript }: Project, inSource: boolean): Program {
  const file = `${inSource ? 'src/' : ''}lib/ims.${typescript ? 'ts' : 'js'}`
  const value = (name: string) => `process.env.NEXT_PUBLIC_${name}`
  const env = `const clientId = ${value('CLIENT_ID')} ?? ''\nconst scopes = ${value('SCOPES')} ?? ''\nconst endpoint = ${value('IMS_ENDPOINT')}\n`
  const client = browserClient('clientId', 'scopes', 'endpoint')
  return {
    files: {
      [file]: `'use client'\n\n${imports}'imskit/browser'\n\n${env}${client}${signIn(typescript ? typed : plain)}`,
    },
    settings: '.env.local',
    prefix: 'NEXT_PUBLIC_',
    values: { ...emulatorPublic, IMS_ENDPOINT: emulatorUrl },
    secret: false,
    start: exec('oauth_public', 'next dev'),
    next: ['In a client component: call showSignIn(element) of lib/ims in useEffect'],
  }
}

function worker({ typescript }: Project): Program {
  const file = typescript ? 'src/ims.ts' : 'src/ims.js'
  const names = [
    'CLIENT_ID: string',
    'CLIENT_SECRET: string',
    'SCOPES: string',
    'ORG_ID?: string',
    'IMS_ENDPOINT?: string',
  ]
  const type = `/** The variables of .dev.vars and of the deployed worker. */\nexport interface ImsEnv {\n${names.map((name) => `  ${name}\n`).join('')}}\n\n`
  const code = `import { clientCredentials, createClient, workerPlatform } from 'imskit/worker'

${typescript ? type : ''}/** A client for one request. */
export function imsOf(env${typescript ? ': ImsEnv' : ''}) {
  return createClient({
    flow: clientCredentials({
      clientId: env.CLIENT_ID,
      clientSecret: env.CLIENT_SECRET,
      scopes: env.SCOPES,
      ...(env.ORG_ID && { orgId: env.ORG_ID }),
    }),
    // only the emulator and stage need an address
    ...(env.IMS_ENDPOINT && { endpoint: env.IMS_ENDPOINT }),
    ...workerPlatform(),
  })
}
`
  return {
    files: { [file]: code },
    settings: '.dev.vars',
    prefix: '',
    values: { ...emulatorServer, IMS_ENDPOINT: emulatorUrl },
    secret: true,
    start: exec('oauth_server_to_server', 'wrangler dev'),
    next: [
      "In your worker: import { imsOf } from './ims', and call imsOf(env).getToken() or imsOf(env).fetch(url)",
      'For the deployed worker: npx wrangler secret put CLIENT_SECRET, and the other names as variables',
    ],
  }
}

function node(): Program {
  const code = `import { clientCredentials, createClient, nodePlatform } from 'imskit/node'

const { CLIENT_ID = '', CLIENT_SECRET = '', SCOPES = '', ORG_ID, IMS_ENDPOINT } = process.env

export const ims = createClient({
  flow: clientCredentials({
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    scopes: SCOPES,
    ...(ORG_ID && { orgId: ORG_ID }),
  }),
  // only the emulator and stage need an address
  ...(IMS_ENDPOINT && { endpoint: IMS_ENDPOINT }),
  ...nodePlatform(),
})

// calls an API of Adobe: await ims.fetch('https://…')
const { expiresAt, scopes } = await ims.getTokens()
console.log(\`Got a token. It expires at \${new Date(expiresAt).toISOString()}. Scopes: \${scopes?.join(', ') ?? 'unknown'}\`)
`
  return {
    files: { 'ims.mjs': code },
    settings: '.env',
    prefix: '',
    values: { ...emulatorServer, IMS_ENDPOINT: emulatorUrl },
    secret: true,
    start: exec('oauth_server_to_server', 'node --env-file=.env ims.mjs'),
    next: [],
  }
}

const server = `import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, normalize } from 'node:path'

// serves this folder for development
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const port = Number(process.env.PORT ?? 8080)

createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
  const name = normalize(path.endsWith('/') ? \`\${path}index.html\` : path).replaceAll('\\\\', '/')
  try {
    if (/\\/\\.|\\/ims-serve\\.mjs$|\\0/.test(name)) throw new Error('not served')
    const content = await readFile(new URL(\`.\${encodeURI(name)}\`, import.meta.url))
    const type = /** @type {Record<string, string>} */ (types)[extname(name)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type }).end(content)
  } catch {
    response.writeHead(404).end('Not found')
  }
}).listen(port, '127.0.0.1', () => console.log(\`http://localhost:\${port}/\`))
`

function page(): Program {
  const config = `import { CLIENT_ID, IMS_ENDPOINT, SCOPES } from './ims-config.js'\n`
  // copy the file next to the page when you publish it
  const module = `// publish node_modules/imskit/dist/imskit.login.js with the page, and import it from there\n${imports}'./node_modules/imskit/dist/imskit.login.js'\n`
  return {
    files: {
      'ims.js': `${module}${config}${browserClient('CLIENT_ID', 'SCOPES', 'IMS_ENDPOINT')}${signIn(plain)}`,
      'ims-serve.mjs': server,
    },
    settings: 'ims-config.js',
    prefix: '',
    values: { ...emulatorPublic, IMS_ENDPOINT: emulatorUrl },
    secret: false,
    start: exec('oauth_public', 'node ims-serve.mjs'),
    next: [
      `In index.html: <script type="module">import { showSignIn } from './ims.js'; showSignIn(document.body)</script>`,
    ],
  }
}

/** The program for a project. `inSource`: whether its code is in `src`. */
export function programFor(project: Project, inSource: boolean): Program {
  const { kind } = project
  if (kind === 'vite') return vite(project)
  if (kind === 'next') return next(project, inSource)
  if (kind === 'worker') return worker(project)
  return kind === 'page' ? page() : node()
}
