import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { UnavailableError } from '../../../../core/errors.ts'
import { homeDirectory } from '../../files/places.ts'
import { readRegularFile } from '../../files/read-file.ts'
import { requireOwnDirectory } from '../../files/state-directory.ts'
import { codeOf, writeFileAtomic } from '../../files/write-file.ts'
import type { LocalCertificate } from './certificate.ts'

/** The certificate of this machine and the files that it is in. */
export interface StoredCertificate extends LocalCertificate {
  readonly files: Readonly<Record<keyof LocalCertificate, string>>
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** The name of the authority, by which it is found in a trust store. */
  readonly authority: string
  /** SHA-256 of the public key, in base64: what Chromium's `--ignore-certificate-errors-spki-list` takes. */
  readonly spki: string
  /** Whether it was made just now. */
  readonly isNew: boolean
}

const day = 86_400_000
const maxBytes = 100_000

/** `$XDG_CONFIG_HOME/imskit`, else `~/.config/imskit`. */
function directory(): string {
  const { XDG_CONFIG_HOME: config = '' } = process.env
  if (isAbsolute(config)) return join(config, 'imskit')
  const home = homeDirectory()
  if (home !== undefined) return join(home, '.config', 'imskit')
  throw new UnavailableError(
    'STORE_FAILED',
    'The home directory of this user is not known, so the certificate cannot be stored. Set XDG_CONFIG_HOME.',
  )
}

const filesIn = (folder: string) => ({
  ca: join(folder, 'localhost-ca.pem'),
  cert: join(folder, 'localhost.pem'),
  key: join(folder, 'localhost-key.pem'),
})

function read(path: string): string | undefined {
  try {
    return readRegularFile(path, maxBytes)
  } catch {
    return undefined
  }
}

/** The stored certificate, if its parts belong together and it is valid for another day. */
function readStored(files: StoredCertificate['files'], now: number): StoredCertificate | undefined {
  const [ca, cert, key] = [read(files.ca), read(files.cert), read(files.key)]
  if (ca === undefined || cert === undefined || key === undefined) return undefined
  try {
    const [authority, leaf] = [new X509Certificate(ca), new X509Certificate(cert)]
    const expiresAt = Date.parse(leaf.validTo)
    if (!leaf.verify(authority.publicKey) || !leaf.checkPrivateKey(createPrivateKey(key))) return undefined
    if (now + day >= expiresAt) return undefined
    const spki = createHash('sha256')
      .update(leaf.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64')
    const name = authority.subject.replace(/^CN=/, '')
    return { ca, cert, key, files, expiresAt, authority: name, spki, isNew: false }
  } catch {
    // unreadable: made again
    return undefined
  }
}

/**
 * The certificate of this machine. If it is missing or expires within a day, or with `renew`, it is made; its files
 * are readable by this user only.
 *
 * @throws {UnavailableError} `STORE_FAILED` if the files cannot be written
 */
export async function localCertificate({ renew = false, now = Date.now() } = {}): Promise<StoredCertificate> {
  const folder = directory()
  const files = filesIn(folder)
  const stored = renew ? undefined : readStored(files, now)
  if (stored !== undefined) return stored
  const { createLocalCertificate } = await import('./certificate.ts')
  const created = createLocalCertificate(now)
  makeDirectory(folder)
  // the key first: without its certificate it is not used
  for (const name of ['key', 'cert', 'ca'] as const) await writeFileAtomic(files[name], created[name], { mode: 0o600 })
  const read = readStored(files, now)
  if (read !== undefined) return { ...read, isNew: true }
  throw new UnavailableError(
    'STORE_FAILED',
    `The certificate in ${folder} was replaced meanwhile. Run the command again.`,
  )
}

function makeDirectory(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new UnavailableError(
      'STORE_FAILED',
      `The directory ${folder} cannot be created (${codeOf(error)}). Set XDG_CONFIG_HOME to a directory that this user can write to.`,
    )
  }
  requireOwnDirectory(folder)
}
