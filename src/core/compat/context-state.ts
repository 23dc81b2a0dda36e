import type { CreateImsOptions } from './compat-api.ts'
import type { ContextKind } from './context-kind.ts'
import type { ContextStore } from './contexts.ts'
import type { KnownClient } from './known-clients.ts'

/** What the functions of one instance of named contexts share. */
export interface ContextState {
  readonly options: CreateImsOptions
  readonly contexts: ContextStore
  readonly kinds: readonly ContextKind[]
  /** The clients made so far, by context name, or by context name and options of a call. */
  readonly clients: Map<string, KnownClient>
  /** The name of the current context when it was last read. */
  current: string | undefined
}
