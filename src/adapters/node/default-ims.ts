import { createNodeIms, type NodeIms } from './compat.ts'

let created: NodeIms | undefined

/** The default client. It is created on first use, so that importing an entry has no effect. */
export function defaultIms(): NodeIms {
  created ??= createNodeIms()
  return created
}

/** Discards the default client: the next use creates another one from the environment at that time. */
export function resetDefaultIms(): void {
  created = undefined
}
