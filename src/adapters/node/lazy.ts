// What few programs need is loaded on first use, so that a process that only reads a token starts faster.

import { requireText } from '../../core/flows/credentials.ts'
import { badOption, checkOptions, type OptionNames } from '../../core/options.ts'
import type { Lock, Redirect, Store } from '../../core/ports.ts'
import { fileLock } from './files/lock-file.ts'
import { fileStore } from './files/store-file.ts'
import type { TerminalLoginOptions } from './login/login-options.ts'
import type { LoopbackRedirectOptions } from './login/redirect-loopback.ts'
import type { PasteRedirectOptions } from './login/redirect-paste.ts'
import type { StateTokenStore } from './runtime/store-state.ts'

export type { LoopbackRedirectOptions, PasteRedirectOptions, TerminalLoginOptions }

const loginOptions: OptionNames<TerminalLoginOptions> = {
  port: 1,
  bind: 'string',
  timeout: 1,
  open: 1,
  browser: 1,
  output: 'function',
  env: 'object',
  isInteractive: 'boolean',
}
const loopbackOptions: OptionNames<LoopbackRedirectOptions> = { ...loginOptions, host: 1, path: 1, input: 1 }
const pasteOptions: OptionNames<PasteRedirectOptions> = { ...loginOptions, redirectUri: 1, input: 1 }

/**
 * Signs the user in with the system browser and a listener that only this machine can reach (RFC 8252, section 7.3),
 * unless `bind` opens it to a container's published port.
 *
 * `prepare` rejects with `LOGIN_NOT_POSSIBLE` in CI, before it prints or listens, and with `BAD_OPTION` if the port is
 * not available. `navigate` prints the address, opens the browser and resolves to the URL that arrived at the redirect
 * URI, or was pasted, with the `state` of `authorizationUrl` and one `code` or `error`; the login continues after any
 * other request. It rejects with `TIMEOUT`, or with the reason of the signal given to `prepare`.
 *
 * @example
 * const ims = createClient({ flow, ...nodePlatform(), redirect: loopbackRedirect({ port: 8888 }) })
 */
export function loopbackRedirect(options: LoopbackRedirectOptions = {}): Redirect {
  checkOptions('loopbackRedirect', options, loopbackOptions)
  return {
    async prepare({ signal } = {}) {
      const { prepareLoopbackTrip } = await import('./login/redirect-loopback.ts')
      return prepareLoopbackTrip(options, signal)
    },
  }
}

/**
 * Signs the user in if IMS redirects the credential to an address that this process does not serve: the user copies the
 * address from the browser and pastes it into the terminal.
 *
 * `prepare` rejects with `LOGIN_NOT_POSSIBLE` in CI or without a terminal, `navigate` with `TIMEOUT` or the signal's
 * reason.
 *
 * @example
 * const redirect = pasteRedirect({ redirectUri: 'https://app.example/callback' })
 * const ims = createClient({ flow, ...nodePlatform(), redirect })
 */
export function pasteRedirect(options: PasteRedirectOptions): Redirect {
  checkOptions('pasteRedirect', options, pasteOptions)
  requireText('pasteRedirect', { redirectUri: options.redirectUri })
  return {
    async prepare({ signal } = {}) {
      const { preparePasteTrip } = await import('./login/redirect-paste.ts')
      return preparePasteTrip(options, signal)
    },
  }
}

/**
 * Reads a private key in the ways that only Node.js can: from a file, and from encrypted PEM that WebCrypto cannot
 * decrypt (`DEK-Info`, PBES1, 3DES, scrypt). A path is relative to the working directory; `~/` is the home directory.
 * The content of a DER file is returned as base64. Returns `undefined` if `source` is neither PEM nor the path of a
 * file.
 *
 * @example
 * const pem = await readKey('~/keys/my-app.key', process.env.KEY_PASSPHRASE)
 *
 * @throws {ConfigurationError} `INVALID_KEY` if PEM cannot be decrypted, `INVALID_KEY_FILE` if a file cannot be read
 */
export async function readKey(source: string, passphrase?: string): Promise<string | undefined> {
  if (typeof source !== 'string' || (passphrase !== undefined && typeof passphrase !== 'string'))
    throw badOption('readKey takes text: PEM or the path of a key file, and optionally its passphrase')
  const { readKeyText } = await import('./config/read-key.ts')
  return readKeyText(source, passphrase)
}

/**
 * The State service of an I/O Runtime action, connected on first use.
 *
 * @param onDegraded called once if the package of the State service is not installed
 */
export function stateTokens(onDegraded: (reason: string) => void): StateTokenStore {
  let tokens: StateTokenStore | undefined
  const connected = async () => {
    const { connectStateTokens } = await import('./runtime/store-state.ts')
    tokens ??= connectStateTokens({ onDegraded })
    return tokens
  }
  return {
    get: async (name) => (await connected()).get(name),
    put: async (name, tokens) => (await connected()).put(name, tokens),
    store: {
      get: async (key) => (await connected()).store.get(key),
      set: async (key, value, expiresAt) => (await connected()).store.set(key, value, expiresAt),
      delete: async (key) => (await connected()).store.delete(key),
      keys: async (prefix) => (await connected()).store.keys(prefix),
    },
  }
}

export interface KeychainStoreOptions {
  /** The directory of the encrypted entries. Default: that of `fileStore`. */
  readonly directory?: string | undefined
  /** The lock of the clients that use the store. Default: `fileLock()`. */
  readonly lock?: Lock | undefined
  /** Receives why entries are not encrypted, or cannot be decrypted. */
  readonly onDegraded?: ((reason: string) => void) | undefined
}

const keychainOptions: OptionNames<KeychainStoreOptions> = {
  directory: 'string',
  lock: 'function',
  onDegraded: 'function',
}

/**
 * Stores each value in its own file like `fileStore`, encrypted with a key that the system's keychain stores. It needs the
 * optional package `@napi-rs/keyring`. While the keychain is missing, locked or denies access, new values are stored
 * unencrypted. Tokens that `fileStore` stored in the same directory are encrypted when they are first read.
 *
 * @example
 * const ims = createClient({ flow, ...nodePlatform({ keychain: true }) })
 *
 * @throws {UnavailableError} `STORE_FAILED` as `fileStore`, and if an encrypted value cannot be decrypted now
 */
export function keychainStore(options: KeychainStoreOptions = {}): Store {
  checkOptions('keychainStore', options, keychainOptions)
  const { directory, lock = fileLock(), onDegraded = () => {} } = options
  const files = fileStore({ directory })
  let store: Store | undefined
  const opened = async () => {
    const { openKeychainStore } = await import('./keychain/store-keychain.ts')
    store ??= openKeychainStore({ files, lock, onDegraded })
    return store
  }
  return {
    get: async (key) => (await opened()).get(key),
    set: async (key, value, expiresAt) => (await opened()).set(key, value, expiresAt),
    delete: (key) => files.delete(key),
    keys: (prefix) => files.keys(prefix),
  }
}
