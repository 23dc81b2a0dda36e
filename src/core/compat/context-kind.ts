import { ConfigurationError } from '../errors.ts'
import type { SilentFlow } from '../flows/flow.ts'
import type { LoginFlow } from '../flows/login-flow.ts'
import { badOption, checkOptions } from '../options.ts'
import type { ContextData } from './contexts.ts'

type Shape = 'text' | 'list' | 'metascopes' | 'secrets' | 'key' | 'any' | 'address'

/** One kind of credential: how it is recognized, and its flow. */
export interface ContextKind {
  readonly type: string
  readonly required: Readonly<Record<string, Shape>>
  readonly optional?: Readonly<Record<string, Shape>>
  /** Whether the credential has a secret, which a browser app must not have. */
  readonly secret: boolean
  readonly flow: (data: ContextData) => SilentFlow | LoginFlow
  /** What data that fits no kind seems to be, and what to do. */
  readonly hint?: (name: string, data: ContextData) => string | undefined
}

/**
 * The kind of credential in `data`, by its `type` or by its keys.
 *
 * @throws {ConfigurationError} `CANNOT_GENERATE_TOKEN` with the missing keys of each kind; `BAD_OPTION` for a known key
 *   of a wrong type
 */
export function kindOf(name: string, data: ContextData, kinds: readonly ContextKind[]): ContextKind {
  const { type } = data
  const named = type === undefined ? undefined : kinds.find((kind) => kind.type === type)
  if (type !== undefined && named === undefined) {
    const known = kinds.map((kind) => kind.type).join(', ')
    throw new ConfigurationError(
      'BAD_OPTION',
      `IMS context '${name}': type ${JSON.stringify(type)} is not known; use one of ${known}`,
    )
  }
  const candidates = named === undefined ? kinds : [named]
  const found = candidates.find((kind) => missing(kind, data).length === 0)
  if (found === undefined) throw noKind(name, data, candidates)
  const wrong = Object.entries({ ...found.required, ...found.optional }).filter(
    // an empty optional key counts as absent
    ([key, shape]) =>
      !(shape === 'address' ? fits(redirectUriOf(data), 'text') : fits(data[key], shape)) &&
      data[key] !== undefined &&
      data[key] !== null &&
      data[key] !== '',
  )
  if (wrong.length === 0) return found
  const faults = wrong.map(([key, shape]) => `${key} must be ${shapes[shape]}`).join('; ')
  throw new ConfigurationError('BAD_OPTION', `IMS context '${name}' (${found.type}): ${faults}`, {
    details: { context: name, type: found.type },
  })
}

const shapes: Readonly<Record<Shape, string>> = {
  text: 'a non-empty string',
  list: 'a non-empty array of strings, or text with commas or spaces between them',
  metascopes: 'an array of strings, or text with commas or spaces between them',
  secrets: 'a non-empty array of strings',
  key: 'a private key: PEM text, an array of its lines, a JWK or a path to a file',
  any: 'present',
  address: 'one address; of a list, name one in defaultRedirectUri',
}

function missing({ required }: ContextKind, data: ContextData): string[] {
  return Object.entries(required)
    .filter(([key, shape]) => (shape === 'any' ? data[key] === undefined || data[key] === null : !data[key]))
    .map(([key]) => key)
}

function noKind(name: string, data: ContextData, kinds: readonly ContextKind[]): ConfigurationError {
  const lacking = kinds.map((kind) => ({ type: kind.type, missing: missing(kind, data) }))
  const details = { context: name, missing: lacking }
  const hint = kinds.map((kind) => kind.hint?.(name, data)).find(Boolean)
  if (hint !== undefined) return new ConfigurationError('CANNOT_GENERATE_TOKEN', hint, { details })
  const present = kinds.map(({ required, optional }) => {
    return Object.keys({ ...required, ...optional }).filter((key) => data[key]).length
  })
  const order = [...lacking.keys()].sort(
    (a, b) =>
      (present[b] ?? 0) - (present[a] ?? 0) || (lacking[a]?.missing.length ?? 0) - (lacking[b]?.missing.length ?? 0),
  )
  const [first = 0] = order
  const nearest = present[first] ? `; it is nearest to ${lacking[first]?.type}` : ''
  const lines = lacking.map((kind) => `  ${kind.type}: missing ${kind.missing.join(', ')}`)
  const message = `IMS context '${name}' fits no kind of credential${nearest}. Add the missing keys of one kind:\n${lines.join('\n')}`
  return new ConfigurationError('CANNOT_GENERATE_TOKEN', message, { details })
}

function fits(value: unknown, shape: Shape): boolean {
  if (shape === 'any') return true
  if (shape === 'text') return typeof value === 'string' && value !== ''
  if (shape === 'list') return isTexts(parseList(value))
  // as in @adobe/aio-lib-ims, IMS decides about an empty list
  if (shape === 'metascopes') return isEmptyList(value) || isTexts(parseList(value))
  if (shape === 'secrets') return isTexts(parseSecrets(value))
  return typeof value === 'string' || Array.isArray(value) || (typeof value === 'object' && value !== null)
}

function isEmptyList(value: unknown): boolean {
  const parsed = parseJsonText(value)
  return Array.isArray(parsed) && parsed.length === 0
}

function isTexts(items: readonly unknown[]): boolean {
  return items.length > 0 && items.every((item) => typeof item === 'string' && item !== '')
}

/** An array, the JSON text of an array (as in environment variables), or text with separators. */
function parseList(value: unknown): readonly unknown[] {
  const parsed = parseJsonText(value)
  return typeof parsed === 'string' ? parsed.split(/[\s,]+/).filter((item) => item !== '') : parseSecrets(parsed)
}

/** Like {@link parseList}, but text is one secret: it may contain any character. */
export function parseSecrets(value: unknown): readonly unknown[] {
  const parsed = parseJsonText(value)
  if (Array.isArray(parsed)) return parsed
  return parsed === undefined || parsed === null ? [] : [parsed]
}

/** Only arrays and strings are parsed: an ID of digits must remain text. Docker leaves quotes around an array. */
function parseJsonText(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*(["[]|'\[)/.test(value)) return value
  try {
    const parsed: unknown = JSON.parse(value.trim().replace(/^'(.*)'$/s, '$1'))
    return typeof parsed === 'string' && parsed.startsWith('[') ? parseJsonText(parsed) : parsed
  } catch {
    return value
  }
}

/**
 * The redirect URI of a context, which `aio app use` writes as a list and as `defaultRedirectUri`. `undefined` if it is
 * missing, or ambiguous in a list.
 */
export function redirectUriOf({ redirect_uri: given, defaultRedirectUri, defaultredirecturi }: ContextData) {
  const uris = parseSecrets(given)
  const named = uris.length === 1 ? uris[0] : (defaultRedirectUri ?? defaultredirecturi)
  return typeof named === 'string' && named !== '' ? named : undefined
}

/** A value of shape `text`. */
export function text(data: ContextData, key: string): string {
  return String(data[key])
}

/** A value of shape `list`. */
export function list(data: ContextData, key: string): string[] {
  return parseList(data[key]) as string[]
}

/** The additional kinds of credential in `options`. */
export function kindsOf(options: { readonly kinds?: readonly ContextKind[] | undefined }): readonly ContextKind[] {
  checkOptions('the options of named contexts', options)
  const { kinds = [] } = options
  if (Array.isArray(kinds)) return kinds
  throw badOption('kinds must be an array of kinds of credential')
}
