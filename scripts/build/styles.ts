import { transform } from 'esbuild'
import type { Plugin } from 'rollup'

/** Style sheets are modules `….css.ts`, each with one template without expressions; the build makes them smaller. */
export const smallStyles: Plugin = {
  name: 'small-styles',
  async transform(code, id) {
    if (!id.endsWith('.css.ts')) return null
    const [, css] = /`([^`$\\]*)`/.exec(code) ?? []
    if (css === undefined) throw new Error(`${id} must contain its style in one template without expressions`)
    const { code: small } = await transform(css, { loader: 'css', minify: true, target: 'es2022' })
    return { code: code.replace(`\`${css}\``, () => JSON.stringify(small.trimEnd())), map: null }
  },
}
