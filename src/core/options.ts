import { ConfigurationError } from './errors.ts'
import { isObject } from './json.ts'
import { nearest } from './nearest.ts'

/** What `typeof` says of every value of `Value`; nothing if that differs. */
type TypeOf<Value> = [Value] extends [string]
  ? 'string'
  : [Value] extends [number]
    ? 'number'
    : [Value] extends [boolean]
      ? 'boolean'
      : [Value] extends [(...args: never[]) => unknown]
        ? 'function'
        : [Value] extends [object]
          ? 'object'
          : never

/**
 * Every option of `Options` by its name, with its type, or 1 if its factory checks it. TypeScript refuses a list that
 * lacks an option, has one that does not exist, or has another type.
 */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: 1 | TypeOf<NonNullable<Options[Name]>> }

/**
 * Checks the options that a factory was given, before it reads any of them: that they are an object, that none of them
 * is unknown, and that each has its type. A misspelled option would be ignored otherwise, and `'false'` would be true.
 *
 * @param names the options that there are; without it any are accepted
 * @throws {ConfigurationError} `BAD_OPTION`, never with a value
 */
export function checkOptions(factory: string, given: unknown, names?: Readonly<Record<string, string | 1>>): void {
  if (!isObject(given)) throw badOption(`${factory} takes its options as an object`)
  if (names === undefined) return
  const known = Object.keys(names)
  checkTypes(factory, given, names)
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const close = nearest(unknown, known)
  const hint = close === undefined ? `it takes ${known.join(', ')}` : `did you mean '${close}'?`
  throw badOption(`${factory} has no option '${unknown.slice(0, 40)}'; ${hint}`)
}

/** @throws {ConfigurationError} `BAD_OPTION` for an option that has another type than `names` says */
export function checkTypes(factory: string, given: object, names: Readonly<Record<string, string | 1>>): void {
  for (const [name, type] of Object.entries(names)) {
    const value: unknown = (given as Record<string, unknown>)[name]
    if (value !== undefined && type !== 1 && (value === null || typeof value !== type))
      throw badOption(`${factory}: ${name} must be of type ${type}`)
  }
}

/** The options of `given` that are among `names`, for a factory that takes no others. */
export function pickOptions<Options extends object>(given: Options, names: OptionNames<Options>): Options {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(names, name))) as Options
}

/** @throws {ConfigurationError} `BAD_OPTION` unless `value` has the methods that are named, or is a function if none is */
export function requireMethods(what: string, value: unknown, ...methods: readonly string[]): void {
  const has = (method: string) => typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function'
  if (methods.length === 0 ? typeof value !== 'function' : !methods.every(has))
    throw badOption(`${what} must ${methods.length === 0 ? 'be a function' : `have ${methods.join(', ')}`}`)
}

/** @throws {ConfigurationError} `BAD_OPTION` unless the options of a call are an object, and its signal is a signal */
export function checkCall(name: string, options: { readonly signal?: AbortSignal | undefined } | undefined): void {
  if (options === undefined) return
  checkOptions(name, options)
  if (options.signal !== undefined) requireMethods('signal', options.signal, 'throwIfAborted', 'addEventListener')
}

export function badOption(message: string): ConfigurationError {
  return new ConfigurationError('BAD_OPTION', message)
}
