import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { expect, test } from 'vitest'
import { baseStyle } from '../../src/design/base.css.ts'
import { controlStyle } from '../../src/design/controls.css.ts'
import { designTokens } from '../../src/design/tokens.css.ts'
import { filesIn, readText } from '../house/sources.ts'
import { root } from '../kit/build.ts'

const small = async (css: string) => (await transform(css, { loader: 'css', minify: true })).code

test('the examples have the design of src/design: npm run design', async () => {
  const own = readFileSync(join(root, 'examples/design.css'), 'utf8')
  expect(await small(own)).toBe(await small(designTokens + baseStyle + controlStyle))
})

test('every page uses its values, and has no colours of its own', () => {
  const sources = [
    ...filesIn('examples', (file) => /\.(css|html)$/.test(file) && !file.endsWith('/design.css')),
    'src/adapters/node/login/result-page.ts',
    'src/adapters/worker/bff/responses.ts',
    'src/emulator/endpoints/pages.ts',
  ]
  const literal = /(?<![&\w])#[\da-f]{3,8}\b|\b(?:rgb|hsl|oklch|light-dark)\(/gi
  expect(sources.filter((file) => readText(file).match(literal) !== null)).toEqual([])
  expect(sources.length).toBeGreaterThan(8)
})

/** The colours of the tokens by name, as `[light, dark]`. */
const colours = new Map(
  [...designTokens.matchAll(/--ims-([\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map(([, name = '', light, dark]) => [
    name,
    [light ?? '', dark ?? ''] as const,
  ]),
)

function luminance(hex: string): number {
  const long = hex.length === 4 ? hex.replace(/\w/g, '$&$&') : hex
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(long.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

const grounds = ['ground', 'paper', 'shade']
test.each([
  ...['ink', 'soft', 'accent', 'alert'].flatMap((text) => grounds.map((ground) => [text, ground, 4.5] as const)),
  ['on-accent', 'accent', 4.5] as const,
  ...grounds.map((ground) => ['edge', ground, 3] as const),
])('%s on %s has a contrast of %d, light and dark', (front, back, least) => {
  const [fronts, backs] = [colours.get(front), colours.get(back)]
  for (const scheme of [0, 1] as const) {
    expect(contrast(fronts?.[scheme] ?? '#000', backs?.[scheme] ?? '#000')).toBeGreaterThanOrEqual(least)
  }
})
