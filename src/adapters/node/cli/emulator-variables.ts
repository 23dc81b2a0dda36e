import type { EmulatorContexts } from '../../../emulator/ready-made.ts'
import { shellWord } from './hints.ts'

/** A kind of credential that the emulator has ready. */
export type ReadyKind = keyof EmulatorContexts

/** The kinds, and the programs that they are for. */
export const readyKinds: Readonly<Record<ReadyKind, string>> = {
  jwt: 'a program without a user, by a signed assertion (deprecated by Adobe)',
  oauth: 'a server that signs users in',
  oauth_public: 'a browser app, without a secret',
  oauth_server_to_server: 'a program without a user',
}

/** Where a program of this machine is usually called back, if the command line does not say otherwise. */
export const usualRedirectPath = '/callback'
const usualRedirectUri = `http://localhost:3000${usualRedirectPath}`

/** Names and values of environment variables. */
export type ShellVariables = Readonly<Record<string, string>>

/** The data of all kinds, each as far as it has it. */
interface ContextFields {
  readonly client_id: string
  readonly client_secret?: string
  readonly client_secrets?: readonly string[]
  readonly scope?: string
  readonly scopes?: readonly string[]
  readonly meta_scopes?: readonly string[]
  readonly technical_account_id?: string
  readonly technical_account_email?: string
  readonly ims_org_id?: string
  readonly private_key?: string
}

/** The variables of one credential, under the names that the documentation uses. */
export function credentialVariables(contexts: EmulatorContexts, kind: ReadyKind, redirectUri?: string): ShellVariables {
  const data: ContextFields = contexts[kind]
  const signsIn = kind === 'oauth' || kind === 'oauth_public'
  const all: Record<string, string | undefined> = {
    CLIENT_ID: data.client_id,
    CLIENT_SECRET: data.client_secret ?? data.client_secrets?.[0],
    SCOPES: data.scope ?? data.scopes?.join(','),
    META_SCOPES: data.meta_scopes?.join(','),
    ORG_ID: data.ims_org_id,
    TECHNICAL_ACCOUNT_ID: data.technical_account_id,
    TECHNICAL_ACCOUNT_EMAIL: data.technical_account_email,
    REDIRECT_URI: signsIn ? (redirectUri ?? usualRedirectUri) : undefined,
    PRIVATE_KEY: data.private_key,
  }
  const found = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(found)
}

/** The variables that point a program at the emulator, whichever its credential is. */
export function endpointVariables({ oauth_public: open }: EmulatorContexts): ShellVariables {
  const { client_id, scope, endpoint } = open
  return {
    AIO_IMS_CONFIG_ENDPOINT: endpoint,
    IMS_ENDPOINT: endpoint,
    // Vite puts these into the browser app, so they are those of the client without a secret
    VITE_IMS_ENDPOINT: endpoint,
    VITE_CLIENT_ID: client_id,
    VITE_SCOPES: scope,
  }
}

/** The lines that set the variables in a shell: PowerShell on Windows, else any POSIX shell. */
export function shellLines(variables: ShellVariables, platform: NodeJS.Platform = process.platform): string {
  const line =
    platform === 'win32'
      ? ([name, value]: [string, string]) => `$env:${name} = '${value.replaceAll("'", "''")}'\n`
      : ([name, value]: [string, string]) => `export ${name}=${shellWord(value)}\n`
  return Object.entries(variables).map(line).join('')
}
