// the names under which `@adobe/aio-lib-ims` stores contexts in the configuration

/** The property of the configuration that holds everything of IMS. */
export const IMS = 'ims'

/** The name of the context of the command line. */
export const CLI = 'cli'

/** The property of `ims` that holds the settings. */
export const CONFIG = 'config'

/** The property of `ims` that holds the contexts by name. */
export const CONTEXTS = 'contexts'

/** The property of `ims.config` that holds the name of the current context. */
export const CURRENT = 'current'
