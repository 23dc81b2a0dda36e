import { ConfigurationError } from '../errors.ts'
import { badOption } from '../options.ts'

/** A scope list: an array, or text separated by commas or spaces. */
export type Scopes = string | readonly string[]

/** Scopes without repeats, in a stable order, so that equal sets have equal ids. The caller's array is not touched. */
export function scopeList(scopes: Scopes | undefined): readonly string[] {
  const list = typeof scopes === 'string' ? scopes.split(/[\s,]+/) : (scopes ?? [])
  if (!Array.isArray(list) || !list.every((scope) => typeof scope === 'string')) {
    throw badOption('scopes must be an array of strings, or text separated by commas or spaces')
  }
  return [...new Set(list.filter((scope) => scope !== ''))]
}

/** The id of a flow: JSON, so that a separator inside a value cannot make two ids equal. */
export function flowId(kind: string, parts: readonly (string | readonly string[] | undefined)[]): string {
  return JSON.stringify([kind, ...parts.map((part) => (Array.isArray(part) ? [...part].sort() : (part ?? null)))])
}

/**
 * Checks required credentials before anything is sent.
 *
 * @throws {ConfigurationError} `BAD_OPTION` naming each that is missing, empty or of a wrong type, never its value
 */
export function requireText(flow: string, values: Readonly<Record<string, unknown>>): void {
  const wrong = Object.keys(values).filter((name) => typeof values[name] !== 'string' || values[name] === '')
  if (wrong.length === 0) return
  throw badOption(`${flow} needs ${wrong.join(', ')}: each must be a non-empty string`)
}

/** One secret, or several in the order in which to try them. */
export function secretList(flow: string, secrets: string | readonly string[]): readonly string[] {
  const list = typeof secrets === 'string' ? [secrets] : secrets
  if (Array.isArray(list) && list.length > 0 && list.every((secret) => typeof secret === 'string' && secret !== ''))
    return list
  throw badOption(`${flow} needs clientSecret: a non-empty string, or an array of them`)
}

/** The error for a credential with a secret in a browser app; `what` names it. */
export function secretInPage(what: string): ConfigurationError {
  const remedy =
    'Use a Single-Page App credential, which has no secret, or use it on a server (imskit/worker, imskit/node).'
  return new ConfigurationError('SECRET_IN_BROWSER', `In a browser app every visitor can read ${what}. ${remedy}`)
}
