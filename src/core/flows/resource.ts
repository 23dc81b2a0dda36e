import { badOption } from '../options.ts'

/** The API that a token is for, or several: absolute URIs without a fragment (RFC 8707). */
export type Resource = string | readonly string[]

/**
 * Resources without repeats, in a stable order, so that equal sets have equal ids. They are the last parts of a flow's
 * id: without one, the id stays as it is.
 *
 * @throws {ConfigurationError} `BAD_OPTION` for anything but absolute URIs without a fragment
 */
export function resourceList(flow: string, resource: Resource = []): readonly string[] {
  const list = [resource].flat().map(String)
  if (list.some((uri) => !URL.canParse(uri) || uri.includes('#')))
    throw badOption(`${flow}: resource must be absolute URIs without a fragment`)
  return [...new Set(list)].sort()
}
