import { badOption } from '../../core/options.ts'

/** @throws {ConfigurationError} `BAD_OPTION` unless `request` is a `Request`, of this realm or of another */
export function requireRequest(callee: string, request: unknown): void {
  if (request instanceof Request) return
  const { url, headers } = (request ?? {}) as Partial<Request>
  if (typeof url === 'string' && URL.canParse(url) && typeof headers?.get === 'function') return
  throw badOption(`${callee} takes the Request that the runtime received`)
}

/** @throws {ConfigurationError} `BAD_OPTION` unless `binding` has `method`, as if the configuration names it differently */
export function requireBinding(
  callee: string,
  { what, binding, method }: { readonly what: string; readonly binding: unknown; readonly method: string },
): void {
  const member = typeof binding === 'object' && binding !== null ? Reflect.get(binding, method) : undefined
  if (typeof member === 'function') return
  throw badOption(
    `${callee} needs ${what}; check that the worker's configuration has a binding with the name that the code reads from env`,
  )
}
