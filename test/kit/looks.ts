import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { barriersOf } from './axe.ts'
import { root } from './build.ts'

/** Where the pictures are, for whoever wants to look at them; git ignores it. */
export const pictures = join(root, 'node_modules', '.cache', 'imskit-looks')

const widths = [1280, 390] as const
const schemes = ['light', 'dark'] as const

/** What a page is wrong in, by width and colour scheme; empty if nothing is. */
export type Faults = Readonly<Record<string, readonly string[]>>

/**
 * Looks at an open page at two widths and in two colour schemes: takes a picture of the whole page, and returns what is
 * cut and what axe finds.
 */
export async function lookAt(page: Page, name: string): Promise<Faults> {
  mkdirSync(pictures, { recursive: true })
  const faults: Record<string, readonly string[]> = {}
  for (const width of widths) {
    await page.setViewportSize({ width, height: width > 1000 ? 900 : 844 })
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const path = join(pictures, `${name.replace(/[^\w-]+/g, '-')}-${width}-${colorScheme}.png`)
      await page.screenshot({ path, fullPage: true })
      // other widths have other elements, other schemes only other colours
      const rules = colorScheme === 'light' ? {} : { only: ['color-contrast'] }
      const skipsAxe = width !== widths[0] && colorScheme === 'dark'
      const found = [...(await cutIn(page)), ...(skipsAxe ? [] : await barriersOf(page, rules))]
      if (found.length > 0) faults[`${name} ${width} ${colorScheme}`] = found
    }
  }
  return faults
}

/**
 * What is cut on a page: content wider than the window or than its box. A box may scroll if the keyboard can reach it and
 * if it says so.
 */
export function cutIn(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const nameOf = (element: Element) => `${element.tagName} ${element.className} ${element.textContent?.slice(0, 60)}`
    const faults: string[] = []
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth > clientWidth) faults.push(`the document is ${scrollWidth} px wide in a window of ${clientWidth}`)
    const clips = (element: Element) => getComputedStyle(element).overflowX !== 'visible'
    for (const element of document.body.querySelectorAll<HTMLElement>('*')) {
      if (!element.checkVisibility() || element.clientWidth === 0) continue
      const { left, right } = element.getBoundingClientRect()
      // what is off the screen on purpose appears when it gets the focus
      if (right <= 0) continue
      const scroller = element.parentElement?.closest('pre, [role=region]')
      if (scroller === null && (left < -1 || right > clientWidth + 1))
        faults.push(`outside of the window: ${nameOf(element)}`)
      const isWide = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline'
      if (!isWide || element.matches('input, select, .visually-hidden')) continue
      if (!clips(element)) {
        if (scroller === null) faults.push(`wider than its box: ${nameOf(element)}`)
        continue
      }
      const hint = getComputedStyle(element.parentElement ?? element, '::after').content
      const scrolls = getComputedStyle(element).overflowX !== 'hidden'
      if (!scrolls || element.tabIndex !== 0 || !hint.includes('scroll')) faults.push(`cut: ${nameOf(element)}`)
    }
    return faults
  })
}
