import { type Digest, digest } from '../digest.ts'
import { openKeySource } from './key-source.ts'
import { type PrivateKeySource, type ReadPrivateKeyOptions, readPrivateKey } from './read-private-key.ts'

const maxKeys = 20
/** By the digest of text and passphrase: neither of the two stays in memory because of it. */
const known = /* @__PURE__ */ new Map<string, CryptoKey>()

/**
 * Like {@link readPrivateKey}, but a text that was read before is neither read nor imported again. The file of a path is
 * read each time: it may have changed.
 */
export async function readKnownKey(
  source: PrivateKeySource,
  options: ReadPrivateKeyOptions,
  digestOf: Digest = digest,
): Promise<CryptoKey> {
  const text = textOf(source, options.passphrase)
  const name = text === undefined ? undefined : await nameOf(text, digestOf)
  const found = name === undefined ? undefined : known.get(name)
  if (found !== undefined) return found
  const key = await readPrivateKey(source, options)
  if (name === undefined || openKeySource(source).kind === 'text') return key
  if (known.size >= maxKeys) known.clear()
  known.set(name, key)
  return key
}

/** What a key depends on; `undefined` unless that is text. */
function textOf(source: unknown, passphrase: unknown = ''): string | undefined {
  const lines: unknown[] = Array.isArray(source) ? source : [source]
  if (typeof passphrase !== 'string' || !lines.every((line) => typeof line === 'string')) return undefined
  return `${passphrase.length} ${passphrase}${lines.join('\n')}`
}

async function nameOf(text: string, digestOf: Digest): Promise<string | undefined> {
  try {
    return await digestOf(text)
  } catch {
    // without WebCrypto, reading the key says what is missing
    return undefined
  }
}
