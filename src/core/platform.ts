import type { Platform } from './ports.ts'

// Symbol.for is one registry for all copies of this module
const provided = Symbol.for('imskit.platform')

/**
 * A platform of `parts`. Its properties can be read but are not enumerable, so that spreading it copies only one symbol
 * and never replaces an option that the caller named.
 */
export function providePlatform(parts: Platform): Platform {
  const platform: Platform = { ...parts }
  for (const name of Object.keys(platform)) Object.defineProperty(platform, name, { enumerable: false })
  return Object.assign(platform, { [provided]: parts })
}

/** `options` with what the platform spread into them provides; the caller's own options win, in any order. */
export function withPlatform<Options extends object>(options: Options): Options {
  const parts: object | undefined = (options as { [provided]?: Platform })[provided]
  if (parts === undefined) return options
  const named = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.assign({}, parts, Object.fromEntries(named)) as Options
}
