import { createRequire } from 'node:module'

/** One entry of the system's keychain: the part of `@napi-rs/keyring` that is used. */
export interface KeychainEntry {
  getPassword(): Promise<string | null | undefined>
  setPassword(secret: string): Promise<void>
}

/** Why the keychain cannot be used, as the `reason` of `store-degraded` says it. */
export class KeychainAbsent extends Error {
  readonly reason: string

  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}

interface Keyring {
  readonly AsyncEntry: new (service: string, account: string, options: object) => KeychainEntry
}

export const notInstalled = '@napi-rs/keyring is not installed'
export const notAvailable = 'the keychain is not available'

/**
 * The entry in which imskit stores its key.
 *
 * @throws {KeychainAbsent} if the package or the keychain is missing
 */
export function openEntry(load: () => unknown = loadKeyring): KeychainEntry {
  const { AsyncEntry } = load() as Keyring
  try {
    // by default, Linux without a secret service would use the kernel's keyring, which a restart empties
    return new AsyncEntry('imskit', 'tokens', { linux: { store: 'secret-service' } })
  } catch {
    throw new KeychainAbsent(notAvailable)
  }
}

/**
 * The package from where imskit or the program is installed, never from the working directory. By `require`, so that no
 * bundler includes native code.
 */
function loadKeyring(): unknown {
  let reason = notInstalled
  for (const from of [import.meta.url, process.argv[1]]) {
    if (from === undefined) continue
    try {
      return createRequire(from)('@napi-rs/keyring')
    } catch (error) {
      // if Node does not find a file of the package itself, the package has no binary for this system
      const { message } = error as { message?: unknown }
      if (!String(message).startsWith("Cannot find module '@napi-rs/keyring'")) reason = notAvailable
    }
  }
  throw new KeychainAbsent(reason)
}
