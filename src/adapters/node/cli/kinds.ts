import { type ContextKind, kindOf } from '../../../core/compat/context-kind.ts'
import type { ContextData } from '../../../core/compat/contexts.ts'
import { jwtKind, publicKind, serverToServerKind, webAppKind } from '../../../core/compat/credential-kinds.ts'
import { cliKind } from '../config/cli-context.ts'

/** The kinds of credential that Node knows, in the order in which they are tried. */
export const kinds: readonly ContextKind[] = [jwtKind, serverToServerKind, cliKind(), webAppKind, publicKind]

/** The kind of a context, if it is of any. */
export function kindName(name: string, data: ContextData): string | undefined {
  try {
    return kindOf(name, data, kinds).type
  } catch {
    return undefined
  }
}
