import * as base64url from '../../../core/base64url.ts'
import { deriveKey } from '../../../core/encrypt.ts'
import type { Clock, Lock } from '../../../core/ports.ts'
import { fireAfter, monotonic } from '../../../core/time.ts'
import { KeychainAbsent, type KeychainEntry, notAvailable } from './keyring.ts'

/** The answer of the keychain: imskit's key, that it has none yet, or why it cannot be asked. */
export type KeychainAnswer =
  | { readonly status: 'key'; readonly key: CryptoKey }
  | { readonly status: 'empty' }
  | { readonly status: 'unavailable'; readonly reason: string }

/** The key that the system's keychain stores for imskit. */
export interface Keychain {
  /** What is known, or else what the keychain answers in time. */
  read(): Promise<KeychainAnswer>
  /** Like `read`, but creates the key if the keychain has none yet. */
  readOrCreate(): Promise<KeychainAnswer>
  /** Forgets the key, so that the keychain is asked again. */
  forget(): void
}

export interface KeychainParts {
  /** @throws {KeychainAbsent} */
  readonly open: () => KeychainEntry
  /** Excludes two processes that create a key at the same time. */
  readonly lock: Lock
  readonly clock: Clock
}

export const lockedOrDenied = 'the keychain is locked or denies access'
const noAnswer: KeychainAnswer = { status: 'unavailable', reason: 'the keychain does not answer' }

/** ms to wait for the keychain, which may be asking the user for a password; the store has to answer within 10 s. */
const answerLimit = 8_000
/** ms for which a keychain that failed is not asked again. */
const failurePause = 10_000
const keyBytes = 32

interface KeychainMemory extends KeychainParts {
  key: CryptoKey | undefined
  /** The question that is pending, and when a caller stops to wait for it, by the monotonic clock. */
  asking: { readonly answer: Promise<KeychainAnswer>; readonly until: number } | undefined
  failed: { readonly answer: KeychainAnswer; readonly until: number } | undefined
}

export function createKeychain(parts: KeychainParts): Keychain {
  const memory: KeychainMemory = { ...parts, key: undefined, asking: undefined, failed: undefined }
  return {
    read: () => ask(memory, readKey),
    async readOrCreate() {
      let found = await ask(memory, readKey)
      // another caller may be reading at that moment, whose answer is shared
      for (let tries = 0; found.status === 'empty' && tries < 3; tries++)
        found = await ask(memory, (entry) => createKey(memory, entry))
      return found
    },
    forget() {
      memory.key = undefined
    },
  }
}

type Question = (entry: KeychainEntry) => Promise<KeychainAnswer>

async function ask(memory: KeychainMemory, question: Question): Promise<KeychainAnswer> {
  const { clock, key, failed } = memory
  const now = monotonic(clock)
  if (key !== undefined) return { status: 'key', key }
  if (failed !== undefined && now < failed.until) return failed.answer
  // a prompt stays open for longer than a caller waits, and is not repeated meanwhile
  memory.asking ??= { answer: settle(memory, question), until: now + answerLimit }
  const { answer, until } = memory.asking
  if (now >= until) return noAnswer
  return new Promise((resolve) => {
    const cancel = fireAfter(clock, until - now, () => resolve(noAnswer))
    void answer.then(resolve).finally(cancel)
  })
}

async function settle(memory: KeychainMemory, question: Question): Promise<KeychainAnswer> {
  try {
    const answer = await question(memory.open())
    if (answer.status === 'key') memory.key = answer.key
    return answer
  } catch (error) {
    // its own text may name the user's accounts
    const reason = error instanceof KeychainAbsent ? error.reason : lockedOrDenied
    const answer: KeychainAnswer = { status: 'unavailable', reason }
    memory.failed = { answer, until: monotonic(memory.clock) + failurePause }
    return answer
  } finally {
    memory.asking = undefined
  }
}

async function readKey(entry: KeychainEntry): Promise<KeychainAnswer> {
  const secret = await entry.getPassword()
  return secret ? { status: 'key', key: await keyFrom(secret) } : { status: 'empty' }
}

function createKey(memory: KeychainMemory, entry: KeychainEntry): Promise<KeychainAnswer> {
  return memory.lock('imskit/keychain', async () => {
    const found = await readKey(entry)
    if (found.status === 'key') return found
    await entry.setPassword(base64url.encode(crypto.getRandomValues(new Uint8Array(keyBytes))))
    const created = await readKey(entry)
    // an entry that the keychain drops would make every stored token unreadable
    return created.status === 'empty' ? { status: 'unavailable', reason: notAvailable } : created
  })
}

const keyFrom = (secret: string) => deriveKey(new TextEncoder().encode(secret), 'imskit keychain')
