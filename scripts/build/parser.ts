import { transform } from 'esbuild'
import type { Plugin } from 'rollup'

/**
 * The parser of `imskit migrate` is larger than all else in the package. It is minified, and its languages that the
 * command does not ask for are left out.
 */
export const smallParser: Plugin = {
  name: 'small-parser',
  async transform(code, id) {
    if (!/\/@babel\/parser\/lib\/index\.js$/.test(id)) return null
    const languages = /(const mixinPlugins = \{)[^}]*\}/
    if (!languages.test(code)) throw new Error('@babel/parser lists its languages in another way: look at small-parser')
    return (await transform(code.replace(languages, '$1 jsx, typescript }'), { minify: true, target: 'es2022' })).code
  },
}
