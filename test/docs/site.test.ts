import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright'
import { beforeAll, describe, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { barriersOf } from '../kit/axe.ts'
import { buildSite } from '../kit/build.ts'
import { cutIn } from '../kit/looks.ts'
import { root } from './blocks.ts'

const newContext = useBrowser()
const site = join(root, 'site')

beforeAll(buildSite, 400_000)

/** The pages that are written by hand. */
const pages = () => readdirSync(site).filter((name) => name.endsWith('.html'))
/** Those of the API reference. */
const reference = () =>
  readdirSync(join(site, 'api'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .map((name) => join('api', name))
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

describe('the site of the documentation', () => {
  test('has every page, the API reference and a list for language models', () => {
    const written = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
    expect(pages().sort()).toEqual([...written.map((name) => name.replace(/md$/, 'html')), 'index.html'].sort())
    expect(existsSync(join(site, 'api/index.html'))).toBe(true)
    const list = readFileSync(join(site, 'llms.txt'), 'utf8')
    for (const page of pages()) expect(list).toContain(`(${page.replace(/html$/, 'md')})`)
    for (const [, link = ''] of list.matchAll(/\]\(([^)]+)\)/g)) expect(existsSync(join(site, link)), link).toBe(true)
    // the list of the package has the same pages, at their addresses in the repository
    const inPackage = readFileSync(join(root, 'llms.txt'), 'utf8')
    const toSite = inPackage
      .replace(/\]\(https:\S+?\/blob\/main\/(?:docs\/)?/g, '](')
      .replace('(README.md)', '(index.md)')
    expect(toSite, 'run `npm run docs -- --llms`').toBe(list)
  })

  test('has no link that leads nowhere, and no anchor', () => {
    const all = [...pages(), ...reference()]
    expect(all.length).toBeGreaterThan(200)
    expect(all.flatMap(brokenLinksOf)).toEqual([])
  })

  test('names the API by the public names of the entries', () => {
    expect(textOf('api/index.html')).toContain('<a href="imskit/browser/index.html">imskit/browser</a>')
    expect(existsSync(join(site, 'api/imskit/functions/createClient.html'))).toBe(true)
    expect(reference().filter((name) => /exports|adapters/.test(name))).toEqual([])
    for (const name of reference()) expect(textOf(name), name).toContain('<form role="search"')
  })

  test('has highlighted code, whose text is that of the page', () => {
    const html = textOf('renewal.html')
    expect(html).toContain('<span class="c-keyword">import</span>')
    const shown = [...html.matchAll(/<code><span class="line".*?<\/code>/gs)].map(([code]) => plain(code))
    const written = [...readFileSync(join(root, 'docs/renewal.md'), 'utf8').matchAll(/```\w+.*\n([\s\S]*?)```/g)]
    expect(shown).toEqual(written.map(([, code]) => code))
    expect(shown.length).toBeGreaterThan(2)
  })

  test('leads from page to page: previous and next, in the order of the sidebar', () => {
    const inOrder = [...textOf('index.html').matchAll(/<li><a href="([^"]+)"/g)].map(([, href]) => href)
    const visited = ['index.html']
    for (;;) {
      const file = visited.at(-1) ?? ''
      const [, next] = /<a class="next" href="([^"]+)"/.exec(textOf(file)) ?? []
      if (next === undefined) break
      visited.push(join(dirname(file), next).replaceAll('\\', '/'))
    }
    expect(visited).toEqual(inOrder)
  })
})

const plain = (html: string) =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

describe('a page', () => {
  test('copies its code', async () => {
    const context = await newContext()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const page = await context.newPage()
    await open(page, 'renewal.html')
    await page.getByRole('button', { name: 'Copy the code' }).first().click()
    await expect.poll(() => page.getByRole('status').last().textContent()).toBe('Copied')
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(readFileSync(join(root, 'docs/renewal.md'), 'utf8')).toContain(`\n${copied}\`\`\``)
  })

  test('has the list of its sections at hand, and a way past the menu', async () => {
    const page = await (await newContext()).newPage()
    await page.setViewportSize({ width: 1280, height: 900 })
    await open(page, 'errors.html')
    const contents = page.getByRole('navigation', { name: 'On this page' })
    await page.mouse.wheel(0, 5_000)
    await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(1_000)
    expect(await contents.getByText('On this page').isVisible()).toBe(true)
    expect((await contents.boundingBox())?.y).toBeGreaterThanOrEqual(0)
    await contents.getByRole('link', { name: 'BAD_OPTION' }).click()
    await page.waitForURL(/errors\.html#bad_option$/)
    await page.reload()
    await page.goto(page.url().replace(/#.*/, ''))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(/#content$/)
  })

  test('has on a phone a menu that Escape closes', async () => {
    const page = await (await newContext()).newPage()
    await page.setViewportSize({ width: 390, height: 844 })
    await open(page, 'errors.html')
    const menu = page.getByRole('navigation', { name: 'All pages' })
    expect(await menu.isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Pages' }).click()
    await menu.waitFor()
    expect([...(await cutIn(page)), ...(await barriersOf(page))]).toEqual([])
    await page.keyboard.press('Escape')
    await menu.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Pages' }).click()
    await menu.getByRole('link', { name: 'Renewal' }).click()
    await page.waitForURL(/renewal\.html$/)
  })

  test('changes its colours on request, also on the next page', async () => {
    const page = await (await newContext()).newPage()
    await page.emulateMedia({ colorScheme: 'light' })
    await open(page, 'errors.html')
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await paper()
    const button = page.getByRole('button', { name: 'Theme' })
    await button.click()
    await button.click()
    expect(await button.textContent()).toBe('Theme: dark')
    expect(await paper()).not.toBe(light)
    await open(page, 'faq.html')
    expect(await button.textContent()).toBe('Theme: dark')
    await button.click()
    expect(await paper()).toBe(light)
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
    await expect.poll(() => results.first().textContent()).toMatch(/^STATE_MISMATCH Errors/)
    expect(await page.getByRole('search').getByRole('status').textContent()).toMatch(/^\d+ found$/)
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toMatch(/^STATE_MISMATCH Errors/)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    expect(await barriersOf(page)).toEqual([])
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

  test.each([
    ['refresh token', 'renewal.html'],
    ['renewal', 'renewal.html'],
    ['state_mismatch', 'errors.html'],
    ['csp', 'csp.html'],
    ['emulator', 'testing.html'],
    ['createClient', 'api/imskit/functions/createClient.html'],
    ['migrate', /^(command-line|migrating)\.html/],
  ])('%s: the first is in %s', async (query, file) => {
    const page = await (await newContext()).newPage()
    await open(page, 'faq.html')
    await page.getByRole('searchbox', { name: 'Search' }).fill(query)
    const first = page.getByRole('search').getByRole('link').first()
    await first.waitFor()
    const [found = ''] = ((await first.getAttribute('href')) ?? '').split('#')
    if (typeof file === 'string') expect(found).toBe(file)
    else expect(found).toMatch(file)
  })

  test('shows where the words are, and finds them with a typing error', async () => {
    const page = await (await newContext()).newPage()
    await open(page, 'faq.html')
    const field = page.getByRole('searchbox', { name: 'Search' })
    await field.fill('fenced')
    const first = page.getByRole('search').getByRole('link').first()
    await first.locator('span mark').first().waitFor()
    expect(await first.locator('span mark').first().textContent()).toMatch(/^fenc/i)
    await field.fill('organisations')
    await expect.poll(() => first.textContent()).toMatch(/organization/i)
  })

  test('is 9 KB of script, links only to existing sections, and loads its index on first use', async () => {
    const page = await (await newContext()).newPage()
    await open(page, 'faq.html')
    const loaded = () => page.evaluate(() => 'sections' in globalThis)
    expect(await loaded()).toBe(false)
    await page.getByRole('searchbox').focus()
    await expect.poll(loaded).toBe(true)
    const hrefs = await page.evaluate(() =>
      (Reflect.get(globalThis, 'sections') as string[][]).map(([href]) => href ?? ''),
    )
    const lost = hrefs.filter((href) => {
      const [file = '', anchor] = href.split('#')
      return anchor !== undefined && !textOf(file).includes(`id="${anchor}"`)
    })
    expect(lost).toEqual([])
    expect(gzipSync(readFileSync(join(site, 'page.js'))).length).toBeLessThan(9_000)
  })
})
