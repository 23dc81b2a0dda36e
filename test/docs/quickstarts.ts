import { readFileSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Window } from 'happy-dom'
import { installedModules } from '../kit/installed.ts'
import { newPlace } from '../kit/place.ts'
import { type Block, root } from './blocks.ts'

/** A block of code on a page of the site, as a reader copies it. */
export interface Shown {
  readonly language: string
  readonly text: string
}

/** The blocks of code that the rendered page shows, in order; the site must have been built. */
export function shownOn(page: string): Shown[] {
  const window = new Window()
  window.document.write(
    readFileSync(join(root, 'site', `${page === 'README.md' ? 'index' : basename(page, '.md')}.html`), 'utf8'),
  )
  const shown = [...window.document.querySelectorAll('main pre')].map((pre) => ({
    language: pre.getAttribute('data-language') ?? '',
    text: pre.textContent.replace(/\n$/, ''),
  }))
  void window.happyDOM.close()
  return shown
}

/** A block as the rendered page shows it, to be copied from there. */
export function asShown(block: Block): Block {
  const [page = ''] = block.at.split(':')
  const program = shownOn(page).find(({ text }) => text === block.code)
  if (program === undefined) throw new Error(`the site shows another program than ${block.at}`)
  return { ...block, code: program.text }
}

/** A folder with nothing in it but what `npm install imskit` made. */
export async function emptyFolder(): Promise<string> {
  const modules = await installedModules()
  const { cwd } = newPlace()
  symlinkSync(modules, join(cwd, 'node_modules'), 'dir')
  return cwd
}
