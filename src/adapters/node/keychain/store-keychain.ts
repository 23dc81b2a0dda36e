import * as base64url from '../../../core/base64url.ts'
import { decryptText, encryptText } from '../../../core/encrypt.ts'
import { UnavailableError } from '../../../core/errors.ts'
import { keepUntil, parseTokens } from '../../../core/ims/tokens.ts'
import { isObject } from '../../../core/json.ts'
import { systemClock } from '../../../core/memory.ts'
import type { Json, Lock, Store } from '../../../core/ports.ts'
import { copyJson } from '../files/copy-json.ts'
import { badValue } from '../files/store-file.ts'
import { createKeychain, type Keychain, type KeychainAnswer, lockedOrDenied } from './keychain.ts'
import { openEntry } from './keyring.ts'

export interface KeychainStoreParts {
  /** Stores the encrypted entries, and unencrypted ones while the keychain cannot be used. */
  readonly files: Store
  readonly keychain: Keychain
  /** The lock of the sessions: nothing is encrypted while one renews. */
  readonly lock: Lock
  readonly onDegraded: (reason: string) => void
}

interface KeychainStore extends KeychainStoreParts {
  /** The reason that was reported last. */
  reason: string | undefined
  migrating: Promise<void> | undefined
}

const member = 'imskit-keychain'
/** ms to wait for the lock of an entry that will be encrypted. */
const migrationWait = 2_000
const tokens = 'imskit/tokens/'

/**
 * A store in files whose values are encrypted with a key from the keychain. One medium has every entry, encrypted or not, so
 * that a keychain that fails for a while neither hides a sign-out nor brings an old token back.
 */
export function createKeychainStore(parts: KeychainStoreParts): Store {
  const store: KeychainStore = { ...parts, reason: undefined, migrating: undefined }
  const { files } = store
  return {
    async get(key) {
      const stored = await files.get(key)
      const encrypted = encryptedIn(stored)
      if (encrypted !== undefined) return decrypt(store, key, encrypted)
      if (stored !== undefined && key.startsWith(tokens)) store.migrating ??= migrate(store)
      return stored
    },
    async set(key, value, expiresAt) {
      await files.set(key, await encrypt(store, key, value), expiresAt)
    },
    delete: (key) => files.delete(key),
    keys: (prefix) => files.keys(prefix),
  }
}

/** The encrypted value, or the value itself if the keychain cannot be used. */
async function encrypt(store: KeychainStore, key: string, value: Json): Promise<Json> {
  const text = JSON.stringify(copyJson(value, badValue))
  const answer = await store.keychain.readOrCreate()
  if (answer.status !== 'key') {
    degrade(store, reasonOf(answer))
    return value
  }
  store.reason = undefined
  const { iv, encrypted } = await encryptText(answer.key, text, key)
  return { [member]: `v1.${base64url.encode(iv)}.${base64url.encode(new Uint8Array(encrypted))}` }
}

/**
 * @returns `undefined` if the keychain has another key by now: the value can never be read
 * @throws {UnavailableError} `STORE_FAILED` if the keychain cannot be asked now
 */
async function decrypt(store: KeychainStore, key: string, encrypted: string): Promise<Json | undefined> {
  const value = (await decryptOnce(store, key, encrypted)) ?? (await decryptAgain(store, key, encrypted))
  if (value === undefined) degrade(store, 'unreadable entry')
  return value?.json
}

/** With what the keychain has now: another process may have created a new key. */
function decryptAgain(store: KeychainStore, key: string, encrypted: string) {
  store.keychain.forget()
  return decryptOnce(store, key, encrypted)
}

async function decryptOnce(store: KeychainStore, key: string, encrypted: string): Promise<{ json: Json } | undefined> {
  const answer = await store.keychain.read()
  if (answer.status === 'empty') return undefined
  if (answer.status === 'unavailable') {
    degrade(store, answer.reason)
    const message = `A stored entry cannot be decrypted: ${answer.reason}. Unlock the keychain, or sign in again.`
    throw new UnavailableError('STORE_FAILED', message, { details: { reason: answer.reason } })
  }
  const [version, iv, text, ...more] = encrypted.split('.')
  if (version !== 'v1' || iv === undefined || text === undefined || more.length > 0) return undefined
  try {
    const parts = { iv: base64url.decode(iv), encrypted: base64url.decode(text) }
    return { json: JSON.parse(await decryptText(answer.key, parts, key)) }
  } catch {
    return undefined
  }
}

function encryptedIn(stored: Json | undefined): string | undefined {
  if (!isObject(stored)) return undefined
  const [[name, text] = [], ...more] = Object.entries(stored)
  return name === member && typeof text === 'string' && more.length === 0 ? text : undefined
}

/** Encrypts the tokens that were stored without a keychain; an entry whose lock is taken is left to the next run. */
async function migrate(store: KeychainStore): Promise<void> {
  const { files, lock, keychain } = store
  // before a lock is taken: the keychain may ask the user
  const answer = await keychain.readOrCreate()
  if (answer.status !== 'key') {
    degrade(store, reasonOf(answer))
    store.migrating = undefined
    return
  }
  // an entry that cannot be encrypted stays as it is, which every reader understands
  const keys = await files.keys(tokens).catch(() => [])
  for (const key of keys) {
    const task = () => encryptEntry(store, key)
    if (await isPlain(files, key)) await lock(key, task, AbortSignal.timeout(migrationWait)).catch(() => {})
  }
}

async function encryptEntry(store: KeychainStore, key: string): Promise<void> {
  const value = await store.files.get(key)
  const found = encryptedIn(value) === undefined ? parseTokens(value) : undefined
  if (value === undefined || found === undefined) return
  await store.files.set(key, await encrypt(store, key, value), keepUntil(found))
}

async function isPlain(files: Store, key: string): Promise<boolean> {
  const stored = await files.get(key).catch(() => undefined)
  return stored !== undefined && encryptedIn(stored) === undefined
}

/** Why the keychain provides no key. */
const reasonOf = (answer: Exclude<KeychainAnswer, { status: 'key' }>) =>
  answer.status === 'empty' ? lockedOrDenied : answer.reason

function degrade(store: KeychainStore, reason: string): void {
  if (store.reason === reason) return
  store.reason = reason
  store.onDegraded(reason)
}

/** What {@link createKeychainStore} needs, on the keychain of this system. */
export function openKeychainStore(parts: Omit<KeychainStoreParts, 'keychain'>): Store {
  const keychain = createKeychain({ open: () => openEntry(), lock: parts.lock, clock: systemClock })
  return createKeychainStore({ ...parts, keychain })
}
