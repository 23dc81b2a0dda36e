import { createPrivateKey } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { build } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'
import { imskit, oldLibrary } from '../kit/program.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'

// the forms in which users have the key of a jwt context, down to the signature that IMS accepts

const passphrase = 'correct horse'

let emulator: RunningEmulator

beforeAll(async () => {
  await build()
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const pem = () => emulator.contexts.jwt.private_key
const exported = (options: object) => {
  const key = createPrivateKey(pem())
  return String(key.export({ type: 'pkcs8', format: 'pem', ...options }))
}
const encrypted = { cipher: 'aes-256-cbc', passphrase }

interface Form {
  readonly name: string
  /** What the context contains, and the content of `keys/private.key` in the project. */
  readonly key: () => { private_key: unknown; passphrase?: string; file?: string }
  /** The published library takes it too. */
  readonly shared?: boolean
}
const forms: Form[] = [
  { name: 'PEM', key: () => ({ private_key: pem() }), shared: true },
  { name: 'PKCS#1', key: () => ({ private_key: exported({ type: 'pkcs1' }) }), shared: true },
  { name: 'lines', key: () => ({ private_key: pem().trim().split('\n') }), shared: true },
  { name: 'lines as JSON text', key: () => ({ private_key: JSON.stringify(pem().trim().split('\n')) }), shared: true },
  { name: 'escaped line breaks', key: () => ({ private_key: pem().replaceAll('\n', '\\n') }) },
  {
    name: 'a path from the working directory',
    key: () => ({ private_key: 'keys/private.key', file: pem() }),
    shared: true,
  },
  { name: 'encrypted PKCS#8', key: () => ({ private_key: exported(encrypted), passphrase }), shared: true },
  {
    name: 'an encrypted file with DEK-Info',
    key: () => ({ private_key: './keys/private.key', passphrase, file: exported({ type: 'pkcs1', ...encrypted }) }),
    shared: true,
  },
]

test.each(forms)('$name', async ({ key, shared = false }) => {
  const { file, ...data } = key()
  const place = newPlace()
  if (file !== undefined) {
    mkdirSync(join(place.cwd, 'keys'))
    writeFileSync(join(place.cwd, 'keys', 'private.key'), file)
  }
  const context = { ...withoutEndpoint(emulator.contexts.jwt), ...data }
  for (const library of shared ? [imskit, oldLibrary] : [imskit]) {
    const program = library({ place, endpoint: emulator.url })
    await program.call('context.set', 'machine', context)
    const token = await program.call('getToken', 'machine')
    expect(await program.call('ims.validateToken', token)).toMatchObject({ valid: true })
  }
})

test.each([
  ['a wrong passphrase', () => ({ private_key: exported(encrypted), passphrase: 'wrong horse' }), 'INVALID_KEY'],
  ['no passphrase', () => ({ private_key: exported(encrypted) }), 'INVALID_KEY'],
  ['a damaged key', () => ({ private_key: pem().replaceAll(/[A-F]/g, 'G') }), 'INVALID_KEY'],
  ['a file that is not there', () => ({ private_key: 'keys/none.key' }), 'INVALID_KEY_FILE'],
])('%s is an error that shows nothing of the key', async (_name, key, code) => {
  const program = imskit({ place: newPlace(), endpoint: emulator.url })
  await program.call('context.set', 'machine', { ...withoutEndpoint(emulator.contexts.jwt), ...key() })
  const error = await program.call('getToken', 'machine').then(String, (reason: Error) => reason)
  const { message } = error as Error
  expect(error).toMatchObject({ code, name: 'ConfigurationError' })
  for (const line of [...pem().split('\n'), ...exported(encrypted).split('\n')].filter((text) => text.length > 40)) {
    expect(message).not.toContain(line.slice(0, 16))
  }
  expect(message).not.toMatch(/horse/)
})
