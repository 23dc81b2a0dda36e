import { isObject } from '../json.ts'
import type { Json, Store } from '../ports.ts'

/** A context: plain data with the snake_case keys of IMS, including its tokens. */
export type ContextData = { readonly [key: string]: Json | undefined }

/** A token as it is stored in a context. */
export interface StoredToken {
  readonly token: string
  /** ms since the epoch */
  readonly expiry: number
  /** ms since the epoch; absent if `@adobe/aio-lib-ims` wrote the token. */
  readonly obtained_at?: number
  /** What the token was issued for: environment, client, scopes. A context that was edited by hand no longer matches. */
  readonly for?: string
}

export type TokenLabel = 'access_token' | 'refresh_token'

/** Tokens to write; `undefined` removes one. A token without a label here remains unchanged. */
export type TokenPatch = { readonly [Label in TokenLabel]?: StoredToken | undefined }

/** A use of a context that may send its secrets. */
export interface ContextUse {
  /** The context with the options of the call merged over it. */
  readonly data: ContextData
  /** The options of the call. */
  readonly overrides: ContextData
  /** Where the secrets would be sent, if not to a named environment. */
  readonly endpoint?: string | undefined
  /** The error to reject with if `endpoint` comes from a source that must not receive the user's own secrets. */
  readonly untrusted?: Error | undefined
  /** The kind of the context, if it is of one. */
  readonly kind?: string | undefined
}

/** Where named contexts are stored. */
export interface ContextStore {
  /** `local`: whether the context is stored in the project, not for the user. */
  read(name: string): Promise<{ data: Json | undefined; local: boolean }>
  /** Replaces a context; `undefined` removes it. */
  write(name: string, data: Json | undefined, local: boolean): Promise<void>
  /** Writes the tokens of a context, and leaves its other data unchanged. */
  writeTokens(name: string, patch: TokenPatch): Promise<void>
  /**
   * Checks, before tokens are requested, that they can be written, and reserves what the write needs. Rejects with
   * `STORE_FAILED` if they cannot. Default: no check.
   */
  prepareTokens?(name: string): Promise<PreparedTokens>
  /**
   * Checks a use of a context; resolves to the data to use. Default: `use.data`, unless the endpoint is untrusted.
   * @throws ConfigurationError `UNTRUSTED_SOURCE` if the user's secrets would be sent to an endpoint that the user did not choose
   */
  admit?(name: string, use: ContextUse): Promise<ContextData>
  names(): Promise<string[]>
  current(): Promise<string | undefined>
  setCurrent(name: string): Promise<void>
}

/** A write of tokens that was checked to be possible. */
export interface PreparedTokens {
  /** Like {@link ContextStore.writeTokens} for the same context, once. */
  write(patch: TokenPatch): Promise<void>
  /** Releases what was reserved, if nothing was written. */
  discard(): void
}

const prefix = 'ims.contexts.'
const currentKey = 'ims.config.current'

/** Contexts in any {@link Store}, none of them `local`. */
export function storedContexts(store: Store): ContextStore {
  const read = (name: string) => store.get(prefix + name)
  return {
    read: async (name) => ({ data: await read(name), local: false }),
    write: (name, data) => (data === undefined ? store.delete(prefix + name) : store.set(prefix + name, data)),
    async writeTokens(name, patch) {
      const data = await read(name)
      // a context that was removed meanwhile must not be restored with tokens only
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

/** A copy of `data` with `patch` applied. */
export function withTokens(data: ContextData, patch: TokenPatch): { [key: string]: Json } {
  const patched: [string, Json | undefined][] = Object.entries({ ...data, ...(patch as ContextData) })
  return Object.fromEntries(patched.filter((entry): entry is [string, Json] => entry[1] !== undefined))
}
