import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { buildSite, root } from '../kit/build.ts'
import { lookAt } from '../kit/looks.ts'

const newContext = useBrowser()
const site = join(root, 'site')
beforeAll(buildSite, 400_000)

/** All that are written by hand, and of the API reference one of each kind. */
function pagesToLookAt(): string[] {
  const names = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'))
  const reference = names.filter((name) => name.startsWith('api'))
  const ofEachKind = [...new Map(reference.map((name) => [dirname(name), name])).values()]
  return [...names.filter((name) => !name.includes('/') && !name.includes('\\')), ...ofEachKind]
}

test('every page of the site', async () => {
  const page = await (await newContext()).newPage()
  const faults = {}
  for (const name of pagesToLookAt()) {
    await page.goto(pathToFileURL(join(site, name)).href)
    Object.assign(faults, await lookAt(page, `site-${name}`))
  }
  expect(faults).toEqual({})
}, 600_000)
