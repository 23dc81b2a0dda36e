import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { barriersOf } from './axe.ts'
import { root } from './build.ts'

/** Whether pictures are taken, which doubles the time: `IMSKIT_PICTURES=1 npm run test:world`. */
const wantsPictures = process.env.IMSKIT_PICTURES !== undefined
/** The folder of the pictures; git ignores it. */
export const pictures = join(root, 'node_modules', '.cache', 'imskit-looks')

const views = [
  { width: 1280, height: 900, colorScheme: 'light', axe: true },
  { width: 1280, height: 900, colorScheme: 'dark', axe: false },
  { width: 390, height: 844, colorScheme: 'light', axe: false },
  { width: 390, height: 844, colorScheme: 'dark', axe: true },
] as const

/** The faults of pages by view; empty if there are none. */
export type Faults = Readonly<Record<string, readonly string[]>>

/**
 * Looks at an open page at two widths and in two colour schemes: returns what is cut and what axe finds, and takes a
 * picture of the whole page if that is wanted.
 */
export async function lookAt(page: Page, name: string): Promise<Faults> {
  mkdirSync(pictures, { recursive: true })
  const faults: Record<string, readonly string[]> = {}
  for (const { width, height, colorScheme, axe } of views) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const view = `${name.replace(/[^\w-]+/g, '-')}-${width}-${colorScheme}`
    const picture = { path: join(pictures, `${view}.jpeg`), type: 'jpeg', quality: 80, fullPage: true } as const
    if (wantsPictures) await page.screenshot(picture)
    // each layout and each scheme once: the colours of a scheme do not depend on the width
    const found = axe ? [...(await cutIn(page)), ...(await barriersOf(page))] : await cutIn(page)
    if (found.length > 0) faults[view] = found
  }
  return faults
}

/**
 * What is cut on a page: content wider than the window or than its box. A box may scroll if the keyboard can reach it and
 * if it says so.
 */
export function cutIn(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame)
    // a page learns of a new width at the end of a frame, and only then says what scrolls
    for (let frames = 0; frames < 3; frames++) await frame()
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
      const { content: above } = getComputedStyle(element, '::before')
      const hint = above + getComputedStyle(element.parentElement ?? element, '::after').content
      const scrolls = getComputedStyle(element).overflowX !== 'hidden'
      if (!scrolls || element.tabIndex !== 0 || !hint.includes('scroll')) faults.push(`cut: ${nameOf(element)}`)
    }
    return faults
  })
}
