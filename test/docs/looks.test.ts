import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { buildSite, root } from '../kit/build.ts'
import { lookAt } from '../kit/looks.ts'

const newContext = useBrowser()
const site = join(root, 'site')
beforeAll(buildSite, 400_000)

/** All that are written by hand, and of the API reference one of each kind, of middle length. */
function pagesToLookAt(): string[] {
  const names = readdirSync(site, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html') && !name.startsWith('source/'))
  const byLength = names
    .filter((name) => name.startsWith('api/'))
    .sort((one, other) => statSync(join(site, one)).size - statSync(join(site, other)).size)
  const kinds = [...new Set(byLength.map(kindOf))]
  const ofEachKind = kinds.map((kind) => {
    const all = byLength.filter((name) => kindOf(name) === kind)
    return all[all.length >> 1] ?? ''
  })
  return [...names.filter((name) => !name.includes('/')), 'api/index.html', ...ofEachKind]
}
const kindOf = (name: string) => (name.endsWith('/index.html') ? 'entry' : basename(dirname(name)))

test('every page of the site', async () => {
  const page = await (await newContext()).newPage()
  const faults = {}
  for (const name of pagesToLookAt()) {
    await page.goto(pathToFileURL(join(site, name)).href)
    Object.assign(faults, await lookAt(page, `site-${name}`))
    await page.setViewportSize({ width: 1280, height: 900 })
    const cut = await page
      .locator('pre')
      .evaluateAll((all) => all.filter((box) => box.scrollWidth > box.clientWidth).length)
    if (cut > 0) Object.assign(faults, { [`${name} 1280`]: `${cut} programs have to be scrolled` })
  }
  expect(faults).toEqual({})
}, 600_000)
