import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright'
import { beforeAll, describe, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { buildSite } from '../kit/build.ts'
import { root } from './blocks.ts'

const newContext = useBrowser()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const site = join(root, 'site')

beforeAll(buildSite, 400_000)

/** The pages that are written by hand. */
const pages = () => readdirSync(site).filter((name) => name.endsWith('.html'))
/** Those of the API reference. */
const reference = () =>
  readdirSync(join(site, 'api'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .map((name) => join('api', name))
/** One of each kind of them: they come from a few templates. */
const ofEachKind = () => [...new Map(reference().map((name) => [dirname(name), name])).values()]

const textOf = (name: string) => readFileSync(join(site, name), 'utf8')

/** The targets of the links, scripts and styles of a page within the site. */
function targetsOf(page: string): { file: string; anchor: string | undefined }[] {
  return [...textOf(page).matchAll(/<[^>]+ (?:href|src)="([^"]*)"/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor] = link.split('#')
      return { file: path === '' ? page : join(dirname(page), path), anchor }
    })
}

/** The links of `page` that lead nowhere. */
function brokenLinksOf(page: string): string[] {
  return targetsOf(page)
    .filter(({ file, anchor }) => {
      if (!existsSync(join(site, file))) return true
      if (!anchor || !file.endsWith('.html')) return false
      return !textOf(file).includes(`id="${anchor}"`)
    })
    .map(({ file, anchor }) => `${page}: ${file}${anchor === undefined ? '' : `#${anchor}`}`)
}

async function open(page: Page, name: string): Promise<void> {
  await page.goto(pathToFileURL(join(site, name)).href)
}

interface Rules {
  /** All but these. */
  readonly but?: readonly string[]
  /** These alone. */
  readonly only?: readonly string[]
}

/** What axe finds on a page that is open. */
async function barriers(page: Page, { but = [], only }: Rules = {}): Promise<string[]> {
  await page.evaluate(axe)
  const rules = Object.fromEntries(but.map((rule) => [rule, { enabled: false }]))
  const { violations } = await page.evaluate(
    (options) =>
      (
        window as unknown as {
          axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
        }
      ).axe.run(options),
    only === undefined ? { rules } : { runOnly: only },
  )
  return violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)
}

describe('the site of the documentation', () => {
  test('has every page, the API reference and a list for language models', () => {
    const written = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
    expect(pages().sort()).toEqual([...written.map((name) => name.replace(/md$/, 'html')), 'index.html'].sort())
    expect(existsSync(join(site, 'api/index.html'))).toBe(true)
    const list = readFileSync(join(site, 'llms.txt'), 'utf8')
    for (const page of pages()) expect(list).toContain(`(${page.replace(/html$/, 'md')})`)
    for (const [, link = ''] of list.matchAll(/\]\(([^)]+)\)/g)) expect(existsSync(join(site, link)), link).toBe(true)
  })

  test('has no link that leads nowhere, and no anchor', () => {
    const all = [...pages(), ...reference()]
    expect(all.length).toBeGreaterThan(200)
    expect(all.flatMap(brokenLinksOf)).toEqual([])
  })

  // dark pages differ in their colours only
  test.each([['light', {}] as const, ['dark', { only: ['color-contrast'] }] as const])(
    'can be read by everyone, %s, on every page',
    { timeout: 300_000 },
    async (colorScheme, rules) => {
      const page = await (await newContext()).newPage()
      await page.emulateMedia({ colorScheme })
      const found: Record<string, string[]> = {}
      for (const name of pages()) {
        await open(page, name)
        found[name] = await barriers(page, rules)
      }
      for (const name of ofEachKind()) {
        await open(page, name)
        // TypeDoc's own headings skip levels, and the tree at its side has links in what opens and closes
        found[name] = await barriers(page, { but: ['heading-order', 'nested-interactive'], ...rules })
      }
      expect(Object.entries(found).filter(([, all]) => all.length > 0)).toEqual([])
    },
  )

  test('fits a telephone', { timeout: 300_000 }, async () => {
    const page = await (await newContext()).newPage()
    await page.setViewportSize({ width: 360, height: 740 })
    for (const name of [...pages(), ...ofEachKind()]) {
      await open(page, name)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(360)
    }
  })
})

describe('its search', () => {
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent)

  test('finds sections by their words, by the keyboard alone, and says how many', async () => {
    const page = await (await newContext()).newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    await open(page, 'storage.html')
    await page.keyboard.press('/')
    await page.keyboard.type('state_mismatch')
    const results = page.getByRole('search').getByRole('link')
    await expect.poll(() => results.first().textContent()).toBe('STATE_MISMATCH Errors')
    expect(await page.getByRole('search').getByRole('status').textContent()).toMatch(/^\d+ found$/)
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toBe('STATE_MISMATCH Errors')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    expect(await barriers(page)).toEqual([])
    await page.keyboard.press('Enter')
    await page.waitForURL(/errors\.html#state_mismatch$/)
    expect(complaints).toEqual([])
  })

  test('wants every word, opens the first with Enter, and is left with Escape', async () => {
    const page = await (await newContext()).newPage()
    await page.setViewportSize({ width: 360, height: 740 })
    await open(page, 'index.html')
    const field = page.getByRole('searchbox', { name: 'Search' })
    const said = page.getByRole('search').getByRole('status')
    await field.fill('redis nothing-of-that-kind')
    await expect.poll(() => said.textContent()).toBe('Nothing found')
    await field.press('Escape')
    expect(await field.inputValue()).toBe('')
    await expect.poll(() => said.textContent()).toBe('')
    await field.fill('Redis LOCK')
    await page.getByRole('search').getByRole('link').first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    await field.press('Enter')
    await page.waitForURL(/fleet\.html#/)
  })

  test('is 1 KB of script, links only to existing sections, and loads on first use', async () => {
    const page = await (await newContext()).newPage()
    await open(page, 'faq.html')
    const loaded = () => page.evaluate(() => 'sections' in globalThis)
    expect(await loaded()).toBe(false)
    await page.getByRole('searchbox').focus()
    await expect.poll(loaded).toBe(true)
    const hrefs = await page.evaluate(() =>
      (globalThis as unknown as { sections: string[][] }).sections.map(([href]) => href ?? ''),
    )
    const lost = hrefs.filter((href) => {
      const [file = '', anchor = ''] = href.split('#')
      return !textOf(file).includes(`id="${anchor}"`)
    })
    expect(lost).toEqual([])
    expect(gzipSync(readFileSync(join(site, 'search.js'))).length).toBeLessThan(1100)
  })
})
