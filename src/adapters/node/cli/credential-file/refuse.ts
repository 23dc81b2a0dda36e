import { ConfigurationError } from '../../../../core/errors.ts'
import { claimsOf } from '../../../../core/ims/decode-token.ts'
import { isObject } from '../../../../core/json.ts'

const accepted =
  'Pass a file of the Adobe Developer Console (workspace or credential JSON), service credentials of AEM, the .env or .aio of a project, or a file with the keys of a context.'

/** The error for a file that is not a credential. It says what the file seems to be, and shows none of its values. */
export function notACredential(file: string, what: string, remedy = accepted): ConfigurationError {
  return new ConfigurationError('BAD_OPTION', `${file} seems to be ${what}, so imskit stored nothing. ${remedy}`)
}

/** Throws if `text` is certainly something else than a credential. */
export function refuseText(text: string, file: string): void {
  const start = text.trimStart().slice(0, 2000)
  if (start === '') throw notACredential(file, 'empty')
  if (start.startsWith('PK\u0003') || start.startsWith('PK\u0005'))
    throw notACredential(file, 'a ZIP archive', 'Unpack it, and pass the JSON file in it.')
  if (/^-----BEGIN [\w ]*PRIVATE KEY-----/.test(start))
    throw notACredential(
      file,
      'a private key',
      'Pass it as private_key=<path>, next to the other keys of the credential.',
    )
  if (/^-----BEGIN /.test(start))
    throw notACredential(file, 'a certificate or public key', 'Only Adobe needs it; imskit needs the private key.')
  if (/^</.test(start)) throw notACredential(file, 'an HTML or XML document', `Download it again. ${accepted}`)
  if (/^[\w-]+(?:\.[\w-]*){2}$/.test(text.trim()) && claimsOf(text.trim()) !== undefined)
    throw notACredential(
      file,
      'a token',
      'A context needs the credential that obtains tokens. To look into a token, run: imskit explain -',
    )
}

/** What the content of a file is, if it certainly belongs to another program. */
export function foreignTree(tree: Readonly<Record<string, unknown>>): string | undefined {
  const has = (...names: string[]) => names.every((name) => tree[name] !== undefined)
  if (has('name') && (has('version') || has('dependencies') || has('scripts'))) return 'a package.json'
  if (has('compilerOptions')) return 'a tsconfig.json'
  if (tree.type === 'service_account') return 'a service account of Google Cloud'
  if (isObject(tree.installed) || isObject(tree.web)) return 'an OAuth client of Google Cloud'
  if (has('openapi') || has('swagger')) return 'an OpenAPI description'
  if (has('error')) return 'an error response'
  return has('access_token', 'token_type') ? 'a token response' : undefined
}

/** The keys of a file that is not a credential. Keys of a malformed file could be values, so only plain ones are shown. */
export function unknownTree(tree: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(tree)
    .filter((name) => /^[A-Za-z][\w.-]{0,29}$/.test(name))
    .slice(0, 5)
  return names.length === 0 ? 'something else' : `something else, with the keys ${names.join(', ')}`
}
