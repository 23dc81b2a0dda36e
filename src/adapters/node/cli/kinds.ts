import { kindOf } from '../../../core/compat/context-kind.ts'
import type { ContextData } from '../../../core/compat/contexts.ts'
import { kindsWith } from '../../../core/compat/credential-kinds.ts'
import { cliKind } from '../config/cli-context.ts'

/** The kinds of credential on Node.js, in the order in which they are tried. */
export const kinds = kindsWith([cliKind()])

/** The kind of a context; `undefined` if it does not match a kind. */
export function kindName(name: string, data: ContextData): string | undefined {
  try {
    return kindOf(name, data, kinds).type
  } catch {
    return undefined
  }
}
