import { defined } from './json.ts'
import { checkOptions } from './options.ts'
import type { Platform } from './ports.ts'

// Symbol.for is one registry for all copies of this module
const provided = Symbol.for('imskit.platform')

/**
 * A platform of `parts`. Its properties can be read but are not its own, so that spreading it copies only one symbol and
 * never replaces an option that the caller named.
 */
export function providePlatform(parts: Platform): Platform {
  return Object.create(parts, { [provided]: { value: parts, enumerable: true } })
}

/** `options` with what the platform spread into them provides; the caller's own options win, in any order. */
export function withPlatform<Options extends object>(options: Options): Options {
  checkOptions('a client', options)
  const parts = (options as { [provided]?: Platform })[provided]
  return parts === undefined ? options : { ...parts, ...(defined(options) as Options) }
}
