import { createHash, randomBytes } from 'node:crypto'
import type { SignIn } from './row.ts'
import { endpoint, type Scene } from './scene.ts'

// what is done at the emulator before the call of a row

export type Answered = Readonly<Record<string, string>>

const secrets: Readonly<Record<string, string>> = {
  'web-app': 'web-app-secret',
  'old-web-app': 'old-web-app-secret',
  'promise-emitter': 'emitter-secret',
}
const defaultScope = 'openid,AdobeID,email,offline_access'

export interface Journeys {
  readonly signingKey: CryptoKey
  readonly verifier: string
  readonly challenge: string
  /** The client of the row's user, as a token request names it. */
  readonly client: Readonly<Record<string, string>>
  /** Posts a form; an answer that is no success is an error. */
  post(path: string, form: Record<string, string>): Promise<Answered>
  /** Signs the user in; resolves to the code. */
  code(): Promise<string>
  redeem(code: string): Promise<Answered>
  /** The tokens of one sign-in of the row's user. */
  tokens(): Promise<Answered>
}

/** The journeys of a user who signs in as `signIn` says. */
export function createJourneys({ emulator, signingKey }: Scene, signIn: SignIn = {}): Journeys {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const { client: id = 'web-app', scope = defaultScope, parameters, pkce } = signIn
  const secret = secrets[id]
  const client = { client_id: id, ...(secret !== undefined && { client_secret: secret }) }
  const plain = pkce === 'no method'
  const proof = {
    code_challenge: plain ? verifier : challenge,
    ...(!plain && { code_challenge_method: 'S256' }),
  }

  async function post(path: string, form: Record<string, string>): Promise<Answered> {
    const response = await emulator.fetch(endpoint + path, { method: 'POST', body: new URLSearchParams(form) })
    const text = await response.text()
    if (response.status >= 300) throw new Error(`${path} answered ${response.status} while a row was prepared: ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }

  async function code(): Promise<string> {
    const url = new URL(`${endpoint}/ims/authorize/v2`)
    const redirect_uri = 'https://app.example/callback'
    const asked = { client_id: id, scope, redirect_uri, ...(secret === undefined && proof), ...parameters }
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
    const location = (await emulator.fetch(url)).headers.get('location')
    const found = new URL(location ?? endpoint).searchParams.get('code')
    if (found === null) throw new Error(`the sign-in ended at ${location} without a code`)
    return found
  }

  const redeem = (code: string) =>
    post('/ims/token/v3', {
      grant_type: 'authorization_code',
      code,
      ...client,
      ...(secret === undefined && { code_verifier: verifier }),
    })

  let signedIn: Promise<Answered> | undefined
  return {
    signingKey,
    verifier,
    challenge,
    client,
    post,
    code,
    redeem,
    tokens() {
      signedIn ??= code().then(redeem)
      return signedIn
    },
  }
}
