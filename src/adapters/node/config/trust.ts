import type { ContextData, ContextUse } from '../../../core/compat/contexts.ts'
import { ConfigurationError } from '../../../core/errors.ts'
import { resolveEndpoint } from '../../../core/ims/environment.ts'
import { isAdobes } from '../../../core/ims/host.ts'
import type { Json } from '../../../core/ports.ts'
import { absolutePath, isInside } from '../files/places.ts'
import type { AioConfig, Provenance } from './aio-config.ts'
import { isConfigObject, spelling } from './config-tree.ts'
import { isSecret } from './secret-names.ts'

/** A value that comes from the working directory: its file and key. */
export interface DirectoryValue {
  readonly file: string
  readonly key: string
}

/**
 * Checks a use of the context at `path`. If only the working directory names the destination, a credential is sent there
 * only if all its secrets come from the working directory as well. The working directory must not name a program to
 * run: its `browser` is replaced by the file and key that it comes from, so that only a login is refused.
 *
 * @throws ConfigurationError `UNTRUSTED_SOURCE`
 */
export async function admitUse(config: AioConfig, path: readonly string[], use: ContextUse): Promise<ContextData> {
  const { overrides, endpoint, kind } = use
  let { data } = use
  const place = await config.provenance?.(path)
  if (place === undefined) {
    if (use.untrusted) throw use.untrusted
    return data
  }
  const inDirectory = (key: string) =>
    Object.hasOwn(overrides, key) ? undefined : directoryValue(place, path, key, data[key])
  const named = inDirectory('endpoint')
  const refusal = use.untrusted ?? (named && endpoint !== undefined ? untrustedEndpoint(named, endpoint) : undefined)
  if (refusal !== undefined) {
    // the tokens of the relay are Adobe's, even if the working directory contains the context
    if (kind === 'cli') throw refusal
    // a token that names another server as its issuer is not sent
    data = Object.fromEntries(Object.entries(data).filter(([, value]) => !isForOther(value, endpoint)))
    const isTheUsers = (key: string) => Object.hasOwn(overrides, key) || isOwn(place, key, data[key])
    if (Object.keys(data).some((key) => isSecretPart(key, data[key]) && isTheUsers(key))) throw refusal
    if (await isOutsideFile(place, data.private_key)) throw refusal
  }
  const browser = inDirectory('browser')
  return browser === undefined ? data : { ...data, browser: { file: browser.file, key: browser.key } }
}

/** The error for secrets that would be sent to `endpoint`; `undefined` for Adobe's hosts, which may receive any. */
export function untrustedEndpoint({ file, key }: DirectoryValue, endpoint: string): ConfigurationError | undefined {
  if (isAdobes(endpoint)) return undefined
  return new ConfigurationError(
    'UNTRUSTED_SOURCE',
    `${key} in ${file} names a server that is not Adobe's, and the credential is not from that directory, so imskit sent ` +
      `nothing. If you trust this server, set the environment variable ${variableOf(key)} or pass the option endpoint.`,
    { details: { file, key } },
  )
}

/** The error for a program that the working directory names. */
export function untrustedProgram({ file, key }: DirectoryValue): ConfigurationError {
  return new ConfigurationError(
    'UNTRUSTED_SOURCE',
    `${key} in ${file} names a program, and imskit does not run programs that a working directory names. If you trust it, ` +
      `set the environment variable ${variableOf(key)} or pass the option browser.`,
    { details: { file, key } },
  )
}

/** The file and key in the working directory that `value`, the member `key` of `path`, comes from, if it does. */
export function directoryValue(
  place: Provenance,
  path: readonly string[],
  ...[key, value]: [string, Json | undefined]
): DirectoryValue | undefined {
  if (value === undefined || isEqual(member(place.own, key), value)) return undefined
  const { localFile, dotEnvFile } = place
  const file = isEqual(member(place.local, key), value) ? localFile : (dotEnvFile ?? localFile)
  return file === undefined ? undefined : { file, key: [...path, key].join('.') }
}

/** `AIO_IMS_CONFIG_ENDPOINT` for `ims.config.endpoint`. */
export function variableOf(key: string): string {
  const names = key.split('.').map((name) => name.replaceAll('_', '__'))
  return `AIO_${names.join('_').toUpperCase()}`
}

/** Whether the value is a secret, a path of a key file, or a token. */
function isSecretPart(key: string, value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== '' && (isSecret(key) || /token/i.test(key))
}

/** Whether a part of a secret comes from the user's own sources. */
function isOwn(place: Provenance, key: string, value: Json | undefined): boolean {
  if (hasOwnPart(value, member(place.own, key))) return true
  // the directory may contain a link to a file of the user
  return place.dotEnvOutside && !isEqual(member(place.local, key), value)
}

function hasOwnPart(value: Json | undefined, own: Json | undefined): boolean {
  if (value === undefined || own === undefined) return false
  if (!isConfigObject(value)) return isEqual(value, own)
  return Object.entries(value).some(([name, item]) => hasOwnPart(item, member(own, name)))
}

/** Whether a private key is the path of a file outside the working directory. */
async function isOutsideFile({ directory }: Provenance, value: Json | undefined): Promise<boolean> {
  if (value === undefined || directory === undefined) return false
  const { mayBePath, openKeySource } = await import('../../../core/keys/key-source.ts')
  try {
    const key = openKeySource(value)
    if (key.kind !== 'text' || !mayBePath(key.text)) return false
    const path = absolutePath(key.text)
    return path === undefined || !isInside(path, directory)
  } catch {
    // it is not a key, so nothing will be sent
    return false
  }
}

/** Whether the token was issued for another server. */
function isForOther(value: Json | undefined, endpoint: string | undefined): boolean {
  if (value === undefined || !isConfigObject(value) || typeof value.for !== 'string') return false
  const home = JSON.stringify([resolveEndpoint({ endpoint })]).slice(0, -1)
  return !value.for.startsWith(`imskit/tokens/${home},`)
}

function member(value: Json | undefined, name: string): Json | undefined {
  if (value === undefined || !isConfigObject(value)) return undefined
  if (Object.hasOwn(value, name)) return value[name]
  const spelled = spelling(value, name)
  return spelled === undefined ? undefined : value[spelled]
}

function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
