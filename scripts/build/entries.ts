import type { OutputBundle, OutputChunk, OutputPlugin } from 'rollup'

const entriesOf = (bundle: OutputBundle): OutputChunk[] =>
  Object.values(bundle).filter(
    (each): each is OutputChunk => each.type === 'chunk' && each.isEntry && each.exports.length > 0,
  )

/** What stands before the code of an entry: servers that render React components load this one in browsers, too. */
const directiveOf = (name: string) => (name === 'react' ? "'use client'\n" : '')

/** Marks the modules for bundlers of entries that need it. */
export const clientBoundary: OutputPlugin = {
  name: 'client-boundary',
  renderChunk: (code, { name, isEntry }) => (isEntry ? directiveOf(name) + code : null),
}

/**
 * The two faces of each `x-implementation.cjs`. Node searches a CommonJS module that is imported for the names of its
 * exports, which takes longer than to run it: two statements end that search.
 */
export const commonJsEntries: OutputPlugin = {
  name: 'commonjs-entries',
  generateBundle(_, bundle) {
    // scripts that run the command by its path have known this one
    this.emitFile({ type: 'asset', fileName: 'node/cli.js', source: "#!/usr/bin/env node\nimport './cli.cjs'\n" })
    for (const { name, exports } of entriesOf(bundle)) {
      const members = exports.toSorted().map((each) => `export const ${each} = implementation.${each}\n`)
      this.emitFile({
        type: 'asset',
        fileName: `node/${name}.cjs`,
        source: `${directiveOf(name)}const implementation = require('./${name}-implementation.cjs')\nmodule.exports = implementation\n`,
      })
      this.emitFile({
        type: 'asset',
        fileName: `node/${name}.js`,
        source: `${directiveOf(name)}import implementation from './${name}.cjs'\n\n${members.join('')}\nexport default implementation\n`,
      })
    }
  },
}

/** The declarations next to the modules for script tags, and of which entry of the declarations they are. */
const scriptTags: Readonly<Record<string, string>> = { page: 'imskit', 'page-login': 'imskit.login' }

const reexports = (from: string) => `export * from '${from}';\nexport * as default from '${from}';\n`
const moduleExports = (from: string) => `import implementation = require('${from}');\nexport = implementation;\n`
const globalScript = `declare global {
  const imskit: typeof import('./types/shared/page.cjs');
}
export {};
`

/**
 * The declarations of each entry, in both forms, as the declaration bundler cannot write a namespace as default export.
 * Both stand on one file, as the implementation does: a class of one form is the same type in the other.
 */
export const typesOfEntries: OutputPlugin = {
  name: 'types-of-entries',
  generateBundle(_, bundle) {
    const files: Record<string, string> = { 'imskit.global.d.ts': globalScript }
    for (const { name } of entriesOf(bundle)) {
      const script = scriptTags[name]
      if (script !== undefined) files[`${script}.d.ts`] = reexports(`./types/shared/${name}.cjs`)
      else {
        files[`types/${name}.d.ts`] = reexports(`./shared/${name}.cjs`)
        files[`types/${name}.d.cts`] = moduleExports(`./shared/${name}-default.cjs`)
        files[`types/shared/${name}-default.d.cts`] = reexports(`./${name}.cjs`)
      }
    }
    for (const [fileName, source] of Object.entries(files)) this.emitFile({ type: 'asset', fileName, source })
  },
}
