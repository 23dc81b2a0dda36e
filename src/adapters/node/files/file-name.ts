import { lazy } from '../../../core/lazy.ts'

const loadCrypto = lazy(() => import('node:crypto'))

/** The name of the file for a key: its SHA-256 in hexadecimal. */
export async function fileNameOf(key: string): Promise<string> {
  return (await loadCrypto()).createHash('sha256').update(key).digest('hex')
}
