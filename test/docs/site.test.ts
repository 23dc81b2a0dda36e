import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { root } from './blocks.ts'

const newContext = useBrowser()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const site = join(root, 'site')

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', '-s', 'docs'], { cwd: root })
}, 120_000)

const pages = () => readdirSync(site).filter((name) => name.endsWith('.html'))

describe('the site of the documentation', () => {
  test('has every page, the API reference and a list for language models', () => {
    expect(pages().length).toBeGreaterThan(20)
    expect(existsSync(join(site, 'api/index.html'))).toBe(true)
    const list = readFileSync(join(site, 'llms.txt'), 'utf8')
    for (const page of pages()) expect(list).toContain(`(${page.replace(/html$/, 'md')})`)
  })

  test('has no link that leads nowhere', () => {
    const broken = pages().flatMap((page) => {
      const html = readFileSync(join(site, page), 'utf8')
      return [...html.matchAll(/ href="([^"#:]+)(?:#([^"]+))?"/g)]
        .filter(([, file = '', anchor]) => {
          if (!existsSync(join(site, file))) return true
          return anchor !== undefined && !readFileSync(join(site, file), 'utf8').includes(`id="${anchor}"`)
        })
        .map(([, file]) => `${page}: ${file}`)
    })
    expect(broken).toEqual([])
  })

  test.each(['light', 'dark'] as const)('can be read by everyone, %s', async (colorScheme) => {
    const page = await (await newContext()).newPage()
    await page.emulateMedia({ colorScheme })
    for (const name of ['index.html', 'storage.html', 'errors.html', 'quickstart-page.html']) {
      await page.goto(pathToFileURL(join(site, name)).href)
      await page.evaluate(axe)
      const { violations } = await page.evaluate(() =>
        (
          window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
        ).axe.run(),
      )
      expect(violations.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`)).toEqual([])
    }
  })

  test('fits a telephone', async () => {
    const page = await (await newContext()).newPage()
    await page.setViewportSize({ width: 360, height: 740 })
    for (const name of pages()) {
      await page.goto(pathToFileURL(join(site, name)).href)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(360)
    }
  })
})
