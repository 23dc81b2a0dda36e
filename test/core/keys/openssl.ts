import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect } from 'vitest'
import { ConfigurationError } from '../../../src/core/errors.ts'
import {
  type PrivateKeySource,
  type ReadPrivateKeyOptions,
  readPrivateKey,
} from '../../../src/core/keys/read-private-key.ts'

/** Runs `openssl` with `input` on stdin; resolves to its stdout as bytes. */
export function opensslBytes(command: string, input?: string | Uint8Array): Buffer {
  return execFileSync('openssl', command.split(' '), { input, stdio: ['pipe', 'pipe', 'ignore'] })
}

/** As {@link opensslBytes}, as text. */
export function openssl(command: string, input?: string | Uint8Array): string {
  return opensslBytes(command, input).toString('latin1')
}

export const passphrase = 'Tr0ub4dor&3 für Zuhause'
/** Runs `openssl` with the path of a file that holds `pem` in the place of `FILE`. */
export function opensslOnFile(command: string, pem: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'imskit-keys-'))
  try {
    writeFileSync(join(folder, 'key.pem'), pem)
    return openssl(command.replace('FILE', join(folder, 'key.pem')))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** For command lines that are split at spaces. */
export const plainPassphrase = 'Tr0ub4dor-3-zuhause'

/** Whether `openssl` accepts `signature` of `message` under the public key. */
export function opensslVerifies(publicPem: string, message: Uint8Array, signature: Uint8Array): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'imskit-keys-'))
  try {
    writeFileSync(join(folder, 'public.pem'), publicPem)
    writeFileSync(join(folder, 'signature'), signature)
    const command = `dgst -sha256 -verify ${join(folder, 'public.pem')} -signature ${join(folder, 'signature')}`
    return openssl(command, message).includes('Verified OK')
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Asserts that `key` signs RS256 as the owner of the public key, and cannot be exported. */
export async function expectSigns(key: CryptoKey, publicPem: string): Promise<void> {
  const message = new TextEncoder().encode('eyJhbGciOiJSUzI1NiJ9.e30')
  const signature = new Uint8Array(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, message))
  expect(opensslVerifies(publicPem, message, signature)).toBe(true)
  signature[17] = (signature[17] ?? 0) ^ 1
  expect(opensslVerifies(publicPem, message, signature)).toBe(false)
  expect(key.extractable).toBe(false)
  await expect(crypto.subtle.exportKey('pkcs8', key)).rejects.toThrow()
}

/** Everything of `error` that could end up in a log. */
export function shown(error: unknown): string {
  const stack = error instanceof Error ? `${error.message}\n${error.stack}` : ''
  return `${inspect(error, { showHidden: true, depth: 10 })}\n${stack}\n${JSON.stringify(error)}`
}

/** The error that reading `source` ends in; fails where it is read, or is refused with another code. */
export async function refusal(
  source: unknown,
  options: ReadPrivateKeyOptions = {},
  code = 'INVALID_KEY',
): Promise<ConfigurationError> {
  const error: unknown = await readPrivateKey(source as PrivateKeySource, options).then(
    () => 'was read',
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(ConfigurationError)
  const refused = error as ConfigurationError
  expect(refused.code).toBe(code)
  expect(refused.cause).toBeUndefined()
  return refused
}
