// What few programs need is loaded when it is needed: a process that only reads a token starts sooner.

import { requireText } from '../../core/flows/credentials.ts'
import { badOption, checkOptions, type OptionNames } from '../../core/options.ts'
import type { Redirect } from '../../core/ports.ts'
import type { TerminalLoginOptions } from './login/login-options.ts'
import type { LoopbackRedirectOptions } from './login/redirect-loopback.ts'
import type { PasteRedirectOptions } from './login/redirect-paste.ts'
import type { StateTokenStore } from './runtime/store-state.ts'

export type { LoopbackRedirectOptions, PasteRedirectOptions }

const loginOptions: OptionNames<TerminalLoginOptions> = {
  port: 1,
  bind: 1,
  timeout: 1,
  open: 1,
  browser: 1,
  output: 1,
  env: 1,
  isInteractive: 1,
}
const loopbackOptions: OptionNames<LoopbackRedirectOptions> = { ...loginOptions, host: 1, path: 1, input: 1 }
const pasteOptions: OptionNames<PasteRedirectOptions> = { ...loginOptions, redirectUri: 1, input: 1 }

/**
 * Signs a person in with the system browser and a listener on this machine alone (RFC 8252, section 7.3).
 *
 * `begin` rejects with `LOGIN_NOT_POSSIBLE` in CI, before anything is shown or bound, and with `BAD_OPTION` when the
 * port cannot be had. `go` prints the address, opens the browser and resolves to the URL that came back on the
 * redirect URI, or was pasted, with the `state` of `authorizationUrl` and one `code` or `error`; nothing else that
 * arrives ends the login. It rejects with `TIMEOUT`, or with the reason of the signal given to `begin`.
 */
export function loopbackRedirect(options: LoopbackRedirectOptions = {}): Redirect {
  checkOptions('loopbackRedirect', options, loopbackOptions)
  return {
    prepare: async (asked) => (await import('./login/redirect-loopback.ts')).loopbackRedirect(options).prepare(asked),
  }
}

/**
 * Signs a person in whose credential comes back to a page elsewhere: they paste the address that the browser ended on.
 *
 * `begin` rejects with `LOGIN_NOT_POSSIBLE` in CI or without a terminal, `go` with `TIMEOUT` or the signal's reason.
 */
export function pasteRedirect(options: PasteRedirectOptions): Redirect {
  checkOptions('pasteRedirect', options, pasteOptions)
  requireText('pasteRedirect', { redirectUri: options.redirectUri })
  return { prepare: async (asked) => (await import('./login/redirect-paste.ts')).preparePaste(options).prepare(asked) }
}

/**
 * Node's part in reading private keys: files, and encrypted PEM that WebCrypto cannot decrypt (`DEK-Info`, PBES1,
 * 3DES, scrypt). A path is relative to the working directory; `~/` is the home directory. A file that holds DER is
 * given as base64. `undefined` where `source` is neither PEM nor the path of a file.
 *
 * @throws {ConfigurationError} `INVALID_KEY` when PEM cannot be decrypted, `INVALID_KEY_FILE` when a file cannot be read
 */
export async function readKey(source: string, passphrase?: string): Promise<string | undefined> {
  if (typeof source !== 'string' || (passphrase !== undefined && typeof passphrase !== 'string'))
    throw badOption('readKey takes text: PEM or the path of a key file, and perhaps its passphrase')
  const late = await import('./config/read-key.ts')
  return late.readKeyText(source, passphrase)
}

/**
 * The State service of an I/O Runtime action, connected at first use.
 *
 * @param onDegraded is told, once, if its package is not installed
 */
export function stateTokens(onDegraded: (reason: string) => void): StateTokenStore {
  let tokens: StateTokenStore | undefined
  const connected = async () => {
    const late = await import('./runtime/store-state.ts')
    tokens ??= late.connectStateTokens({ onDegraded })
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
