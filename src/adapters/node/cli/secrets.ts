import { ConfigurationError } from '../../../core/errors.ts'
import type { Json } from '../../../core/ports.ts'
import { REDACTED } from '../../../core/redact.ts'
import { isSecret } from '../config/secret-names.ts'
import { readRegularFile } from '../files/read-file.ts'

// a file of the console, or a context with many keys, has a few thousand bytes
const mostBytes = 1_048_576

/**
 * All of standard input.
 *
 * @throws {ConfigurationError} `BAD_OPTION` if it is too long
 */
export async function readStdin(): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of process.stdin) {
    length += (part as Buffer).length
    if (length > mostBytes)
      throw new ConfigurationError('BAD_OPTION', `Standard input has more than ${mostBytes} bytes. Pipe in fewer.`)
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts).toString('utf8')
}

/**
 * The text of a regular file, or with `-` of standard input, without the final line break that editors and `echo` add.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export async function readText(path: string): Promise<string> {
  if (path === '-') return (await readStdin()).replace(/\r?\n$/, '')
  let text: string | undefined
  try {
    text = readRegularFile(path, mostBytes)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigurationError(
      'BAD_OPTION',
      `The file ${path} cannot be read (${code}). Check its path and permissions.`,
    )
  }
  if (text !== undefined) return text.replace(/\r?\n$/, '')
  throw new ConfigurationError(
    'BAD_OPTION',
    `${path} is not a regular file, or has more than ${mostBytes} bytes. Use another file, or pipe the text in with -.`,
  )
}

/** A copy of a context's data with redacted secrets; an empty secret stays empty. */
export function maskSecrets(value: Json | undefined, name = ''): Json | undefined {
  if (isSecret(name)) return maskAll(value)
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item) ?? null)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskSecrets(item, key) ?? null]))
}

function maskAll(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map(() => REDACTED)
  // a stored token is an object; its expiry is not a secret
  if (typeof value === 'object' && value !== null && 'expiry' in value) return maskSecrets(value)
  return value === undefined || value === null || value === '' ? value : REDACTED
}
