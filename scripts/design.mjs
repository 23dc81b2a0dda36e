// Writes examples/design.css from src/design, so that the examples look like every other page of imskit and can be
// copied without it: `npm run design`.
import { readFileSync, writeFileSync } from 'node:fs'
import { transformSync } from 'esbuild'

/** The styles of src/design as one style sheet: values, texts, controls. */
export async function designStyle() {
  const parts = ['tokens', 'base', 'controls'].map(async (name) => {
    const { code } = transformSync(readFileSync(`src/design/${name}.css.ts`, 'utf8'), { loader: 'ts' })
    return Object.values(await import(`data:text/javascript,${encodeURIComponent(code)}`))[0]
  })
  return (await Promise.all(parts)).join('')
}

if (process.argv[1] === import.meta.filename) {
  const comment = '/* The design of the examples. Made from src/design by `npm run design`. */\n'
  writeFileSync('examples/design.css', comment + (await designStyle()))
}
