import type { CompatIms, ContextApi } from './compat-api.ts'

/** The aio-lib-ims API of a runtime's default client, created when it is first used: importing it has no effect. */
export function lazyIms<Surface extends CompatIms>(make: () => Surface): () => Surface {
  let made: Surface | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** A context API that looks up its implementation at each call. */
export function lazyContext(ims: () => CompatIms): ContextApi {
  return {
    set: (name, data, local) => ims().context.set(name, data, local),
    get: (name) => ims().context.get(name),
    setCurrent: (name) => ims().context.setCurrent(name),
    getCurrent: () => ims().context.getCurrent(),
    keys: () => ims().context.keys(),
    getCli: () => ims().context.getCli(),
    setCli: (data, local, merge) => ims().context.setCli(data, local, merge),
  }
}
