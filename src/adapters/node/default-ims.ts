import { createNodeIms, type NodeIms } from './compat.ts'

let made: NodeIms | undefined

/** The default client, made when it is first used: importing an entry does nothing. */
export function defaultIms(): NodeIms {
  made ??= createNodeIms()
  return made
}

/** The next use makes another, for what the environment says then. */
export function resetDefaultIms(): void {
  made = undefined
}
