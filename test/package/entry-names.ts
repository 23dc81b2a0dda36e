/** The entries of the package, by the names of their built files and of their reports in `api/`. */
export const entryNames: readonly string[] =
  'browser context core emulator express hono next node react svelte testing vue worker'.split(' ')
