import { readFileSync } from 'node:fs'
import { ConfigurationError } from '../../../core/errors.ts'
import type { Json } from '../../../core/ports.ts'
import { REDACTED, secretNames } from '../../../core/redact.ts'

/** All of standard input. */
export async function readStdin(): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

/** A file's text, or with `-` that of standard input, without the line end that editors and `echo` add. */
export async function readText(path: string): Promise<string> {
  if (path === '-') return (await readStdin()).replace(/\r?\n$/, '')
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigurationError('BAD_OPTION', `the file ${path} cannot be read (${code}); check its path and mode`)
  }
}

/** A copy of a context's data with the secrets covered; an empty one shows that it is empty. */
export function masked(value: Json | undefined, name = ''): Json | undefined {
  if (isSecret(name)) return maskAll(value)
  if (Array.isArray(value)) return value.map((item) => masked(item) ?? null)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, key) ?? null]))
}

/** Names count in any case, as they do in the files. */
export function isSecret(name: string): boolean {
  return secretNames.has(name.toLowerCase()) || /secret|password|passphrase|private_?key/i.test(name)
}

function maskAll(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map(() => REDACTED)
  // a stored token is an object, whose other fields say when it ends
  if (typeof value === 'object' && value !== null && 'expiry' in value) return masked(value)
  return value === undefined || value === null || value === '' ? value : REDACTED
}
