import type { Plugin } from 'rollup'

/** Leaves the languages out of `@babel/parser` that `imskit migrate` does not use. */
export const smallParser: Plugin = {
  name: 'small-parser',
  transform(code, id) {
    if (!/\/@babel\/parser\/lib\/index\.js$/.test(id)) return null
    const languages = /(const mixinPlugins = \{)[^}]*\}/
    if (!languages.test(code)) this.error('@babel/parser no longer lists its languages in mixinPlugins')
    return { code: code.replace(languages, '$1 jsx, typescript }'), map: null }
  },
}
