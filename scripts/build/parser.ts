import { transform } from 'esbuild'
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

const loadedRarely =
  /\/node_modules\/(?:@babel\/parser|@peculiar\/[\w-]+|asn1js|bytestreamjs|js-yaml|pvutils|pvtsutils|tslib)\//

/**
 * Minifies libraries that are loaded rarely: those of `imskit migrate` and `imskit cert`, and YAML. Their lines
 * stay short, because Node prints the line of an uncaught error.
 */
export const smallLibraries: Plugin = {
  name: 'small-libraries',
  async transform(code, id) {
    if (!loadedRarely.test(id)) return null
    const { code: small } = await transform(code, {
      minify: true,
      lineLimit: 200,
      legalComments: 'none',
      target: 'node20',
      format: 'esm',
    })
    return { code: small, map: null }
  },
}
