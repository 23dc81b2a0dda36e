import { isObject } from '../json.ts'
import type { Json, Store } from '../ports.ts'

/** A context: plain data with IMS's own snake_case keys, its tokens included. */
export type ContextData = { readonly [key: string]: Json | undefined }

/** A token as it lies in a context. */
export interface StoredToken {
  readonly token: string
  /** ms since the epoch */
  readonly expiry: number
  /** ms since the epoch; absent where the old library wrote it. */
  readonly obtained_at?: number
  /** What the token was issued for: environment, client, scopes. A context edited by hand no longer matches it. */
  readonly for?: string
}

export type TokenLabel = 'access_token' | 'refresh_token'

/** Tokens to write; `undefined` removes. A label that is absent stays as it is. */
export type TokenPatch = { readonly [Label in TokenLabel]?: StoredToken | undefined }

/** A use of a context that may send its secrets. */
export interface ContextUse {
  /** The context with the options of the call over it. */
  readonly data: ContextData
  /** The options of the call. */
  readonly overrides: ContextData
  /** Where the secrets would go, if not to an environment by its name. */
  readonly endpoint?: string | undefined
  /** The error to reject with if `endpoint` comes from a place that may not receive the user's own secrets. */
  readonly untrusted?: Error | undefined
  /** The kind of the context, if it is of one. */
  readonly kind?: string | undefined
}

/** Where named contexts live. */
export interface ContextStore {
  /** `local`: whether the context is in the place that belongs to this project only. */
  read(name: string): Promise<{ data: Json | undefined; local: boolean }>
  /** Replaces a context; `undefined` removes it. */
  write(name: string, data: Json | undefined, local: boolean): Promise<void>
  /** Writes tokens next to their context and touches nothing else of it. */
  writeTokens(name: string, patch: TokenPatch): Promise<void>
  /**
   * Proves, before tokens are requested, that they can be written, and reserves what the write needs. Rejects with
   * `STORE_FAILED` if it cannot. Default: no such proof.
   */
  prepareTokens?(name: string): Promise<PreparedTokens>
  /**
   * Checks a use of a context; resolves to the data to use. Default: as `use` says it, unless that is untrusted.
   * @throws ConfigurationError `UNTRUSTED_SOURCE` if secrets of the user would go to a place that is not the user's choice
   */
  admit?(name: string, use: ContextUse): Promise<ContextData>
  names(): Promise<string[]>
  current(): Promise<string | undefined>
  setCurrent(name: string): Promise<void>
}

/** A write of tokens that is known to be possible. */
export interface PreparedTokens {
  /** As {@link ContextStore.writeTokens} for the same context, once. */
  write(patch: TokenPatch): Promise<void>
  /** Gives back what was reserved, if nothing was written. */
  discard(): void
}

const prefix = 'ims.contexts.'
const currentKey = 'ims.config.current'

/** Contexts in any {@link Store}; there is one place only, so nothing is `local`. */
export function storedContexts(store: Store): ContextStore {
  const read = (name: string) => store.get(prefix + name)
  return {
    read: async (name) => ({ data: await read(name), local: false }),
    write: (name, data) => (data === undefined ? store.delete(prefix + name) : store.set(prefix + name, data)),
    async writeTokens(name, patch) {
      const data = await read(name)
      // a context that was removed meanwhile does not come back as a bag of tokens
      if (isObject(data)) await store.set(prefix + name, withTokens(data, patch))
    },
    names: async () => (await store.keys(prefix)).map((key) => key.slice(prefix.length)),
    async current() {
      const name = await store.get(currentKey)
      return typeof name === 'string' ? name : undefined
    },
    setCurrent: (name) => store.set(currentKey, name),
  }
}

/** `data` with `patch` applied; `data` itself is not touched. */
export function withTokens(data: ContextData, patch: TokenPatch): { [key: string]: Json } {
  const patched: [string, Json | undefined][] = Object.entries({ ...data, ...(patch as ContextData) })
  return Object.fromEntries(patched.filter((entry): entry is [string, Json] => entry[1] !== undefined))
}
