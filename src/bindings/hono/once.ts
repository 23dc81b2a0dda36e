import type { Context, Env } from 'hono'
import { badOption } from '../../core/options.ts'

/** Options, or a function that returns them at the first request, as a Worker has its environment only then. */
export type OptionsOf<Options, E extends Env> = Options | ((c: Context<E>) => Options)

/**
 * What `create` makes of the options: at once, or at the first request.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function createOnce<Options, E extends Env, Created>(
  options: OptionsOf<Options, E>,
  create: (options: Options) => Created,
): (c: Context) => Created {
  const isLater = (given: OptionsOf<Options, E>): given is (c: Context<E>) => Options => typeof given === 'function'
  let created = isLater(options) ? undefined : create(options)
  return (c) => {
    if (c?.req?.raw === undefined) throw badOption('A middleware for Hono takes its context')
    created ??= create(isLater(options) ? options(c) : options)
    return created
  }
}
