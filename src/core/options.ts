import { ConfigurationError } from './errors.ts'
import { isObject } from './json.ts'
import { nearest } from './nearest.ts'

/** Every option of `Options` by its name: TypeScript refuses a list that lacks one, or has one that does not exist. */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: 1 }

/**
 * Checks the options that a factory was given, before it reads any of them: that they are an object, and none of them
 * is unknown. A misspelled option would be ignored otherwise.
 *
 * @param names the options that there are; without it any are accepted
 * @throws {ConfigurationError} `BAD_OPTION`, never with a value
 */
export function checkOptions(factory: string, given: unknown, names?: Readonly<Record<string, 1>>): void {
  if (!isObject(given)) throw badOption(`${factory} takes its options as an object`)
  const unknown = names && Object.keys(given).find((name) => !Object.hasOwn(names, name))
  if (unknown === undefined) return
  const known = Object.keys(names ?? {})
  const close = nearest(unknown, known)
  const hint = close === undefined ? `it takes ${known.join(', ')}` : `did you mean '${close}'?`
  throw badOption(`${factory} has no option '${unknown.slice(0, 40)}'; ${hint}`)
}

/** The options of `given` that are among `names`, for a factory that takes no others. */
export function pickOptions<Options extends object>(given: Options, names: OptionNames<Options>): Options {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(names, name))) as Options
}

/** @throws {ConfigurationError} `BAD_OPTION` unless `value` has the methods that are named */
export function requireMethods(what: string, value: unknown, ...methods: readonly string[]): void {
  const has = (method: string) => typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function'
  if (!methods.every(has)) throw badOption(`${what} must have ${methods.join(', ')}`)
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
