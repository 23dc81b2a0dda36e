import { badOption } from '../options.ts'

/** The API that a token is for, or several: absolute URIs without a fragment (RFC 8707). */
export type Resource = string | readonly string[]

/**
 * Resources without repeats, in a stable order, so that equal sets have equal ids.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for anything but absolute URIs without a fragment
 */
export function resourceList(flow: string, resource: Resource | undefined): readonly string[] {
  const list: unknown = typeof resource === 'string' ? [resource] : (resource ?? [])
  if (!Array.isArray(list) || !list.every(isResource))
    throw badOption(`${flow}: resource must be an absolute URI without a fragment, or an array of them`)
  return [...new Set(list)].sort()
}

function isResource(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && !value.includes('#')
}

/** The part of a flow's id that names its resources: without one, the id stays as it is. */
export function resourcePart(resource: readonly string[]): readonly (readonly string[])[] {
  return resource.length > 0 ? [resource] : []
}
