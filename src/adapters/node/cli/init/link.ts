import { resolve } from 'node:path'
import { list, parseSecrets } from '../../../../core/compat/context-kind.ts'
import type { ContextData } from '../../../../core/compat/contexts.ts'
import { ConfigurationError } from '../../../../core/errors.ts'
import { resolveEndpoint } from '../../../../core/ims/environment.ts'
import { isSecret } from '../../config/secret-names.ts'
import type { Run } from '../command.ts'
import { readCredentialFile } from '../credential-file/read.ts'
import { kindName } from '../kinds.ts'
import { printNote, printResult } from '../output.ts'
import { optionText } from '../parse.ts'
import { applyChanges, type FileChange } from './apply.ts'
import { folderAt, listed } from './init.ts'
import { textIn } from './project.ts'
import { ignoring, marker, withSettings } from './settings.ts'

/** A file of settings that `imskit init` wrote. */
interface Settings {
  readonly name: string
  readonly text: string
  readonly prefix: string
  /** Whether a browser loads the values. */
  readonly inBrowser: boolean
}

/** `imskit link`. */
export const linkCommand: Run = async ({ args: [file = '', folderName], values }) => {
  const folder = folderAt(folderName ?? '.')
  const settings = settingsIn(folder)
  const credential = optionText(values, 'credential')
  const path = file === '-' ? file : resolve(file)
  const { data } = await readCredentialFile(path, { credential, accepts: (found) => isUsable(found, settings) })
  const wanted = settings.inBrowser ? browserValues(data) : serverValues(data)
  const named = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [settings.prefix + name, value]))
  const content = withSettings(settings.name, settings.text, named)
  const changes: FileChange[] = [{ name: settings.name, content, merged: true, secret: !settings.inBrowser }]
  if (!settings.inBrowser)
    changes.push({ name: '.gitignore', content: ignoring(textIn(folder, '.gitignore'), settings.name), merged: true })
  const dryRun = values['dry-run'] === true
  const applied = await applyChanges(folder, changes, { force: true, dryRun })
  if (settings.inBrowser)
    printNote(
      'Register the address of your app, with its slash at the end, as redirect URI of the credential. It must be https.',
    )
  printResult({ settings: settings.name, clientId: data.client_id ?? null, dryRun, ...applied }, values.json, () =>
    listed(applied, dryRun).join('\n'),
  )
  return 0
}

const places = [
  { name: '.env.local', prefix: 'VITE_', inBrowser: true },
  { name: '.env.local', prefix: 'NEXT_PUBLIC_', inBrowser: true },
  { name: 'ims-config.js', prefix: '', inBrowser: true },
  { name: '.dev.vars', prefix: '', inBrowser: false },
  { name: '.env', prefix: '', inBrowser: false },
]

function settingsIn(folder: string): Settings {
  for (const place of places) {
    const text = textIn(folder, place.name)
    const setting = new RegExp(`^\\s*(?:export const )?${place.prefix}CLIENT_ID\\s*=`, 'm')
    if (text?.includes(marker) && setting.test(text)) return { ...place, text }
  }
  throw new ConfigurationError(
    'BAD_OPTION',
    'This folder has no settings of imskit init. Run imskit init first, or pass its folder after the file.',
  )
}

const hasSecret = (data: ContextData) => Object.keys(data).some(isSecret)

const isUsable = (data: ContextData, { inBrowser }: Settings) =>
  inBrowser ? !hasSecret(data) : data.client_secrets !== undefined

/** @throws {ConfigurationError} `BAD_OPTION` for a credential with a secret */
function browserValues(data: ContextData): Record<string, string | undefined> {
  if (hasSecret(data))
    throw new ConfigurationError(
      'BAD_OPTION',
      'This credential has a secret, and everyone can read what a browser loads, so imskit wrote nothing. Use an OAuth Single-Page App credential.',
    )
  return { CLIENT_ID: text(data.client_id), SCOPES: scopesOf(data), IMS_ENDPOINT: endpointOf(data) ?? '' }
}

function serverValues(data: ContextData): Record<string, string | undefined> {
  const kind = kindName('the credential', data)
  if (data.client_secrets === undefined || kind === 'jwt')
    throw new ConfigurationError(
      'BAD_OPTION',
      'The program of imskit init needs an OAuth Server-to-Server credential, so imskit wrote nothing. For other credentials, see docs/credentials.md.',
    )
  return {
    CLIENT_ID: text(data.client_id),
    CLIENT_SECRET: text(parseSecrets(data.client_secrets)[0]),
    SCOPES: scopesOf(data),
    ORG_ID: data.ims_org_id === undefined ? undefined : text(data.ims_org_id),
    IMS_ENDPOINT: endpointOf(data) ?? '',
  }
}

const text = (value: unknown) => String(value ?? '')

/** The console's file of a login contains no scopes. */
function scopesOf(data: ContextData): string {
  const key = data.scopes === undefined ? 'scope' : 'scopes'
  return data[key] === undefined ? 'openid,AdobeID' : list(data, key).join(',')
}

/** The address of IMS, unless it is production. */
function endpointOf({ env, endpoint }: ContextData): string | undefined {
  const wanted = { env: env as string | undefined, endpoint: endpoint as string | undefined }
  const found = resolveEndpoint(wanted)
  return found === resolveEndpoint({}) ? undefined : found
}
