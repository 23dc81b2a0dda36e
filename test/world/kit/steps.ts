import { textOf } from '../../docs/blocks.ts'

/** What a text tells its reader to do next. */
export type Step =
  | { readonly kind: 'file'; readonly name: string; readonly content: string }
  | { readonly kind: 'command'; readonly command: string }
  /** `address`: written in the text; otherwise the last command prints it. `button`: to select there. */
  | { readonly kind: 'open'; readonly address: string | undefined; readonly button: string | undefined }

/** The text of a page, of one section of it, or of what is above its first section. */
export function sectionOf(page: string, heading?: string): string {
  const [first = '', ...sections] = textOf(page).split(/^(?=## )/m)
  if (heading === undefined) return page === 'README.md' ? first : [first, ...sections].join('')
  const section = sections.find((text) => text.startsWith(`## ${heading}\n`))
  if (section === undefined) throw new Error(`${page} has no section ${heading}`)
  return section
}

const untilReal = /^\*\*Go real:/m

/** The steps without an account: files to save, commands to run, and pages to open. */
export function stepsOf(text: string): Step[] {
  const [withoutAccount = '', real] = text.split(untilReal)
  const blocks = withoutAccount.split(/^```/m)
  if (blocks.length % 2 === 0) throw new Error('a block is not closed')
  return blocks.flatMap((part, index) => {
    const isBlock = index % 2 === 1
    // what is said after "Go real" is for another reader
    if (!isBlock) return real === undefined && index === blocks.length - 1 ? [] : openingIn(part)
    const [info = '', ...lines] = part.split('\n')
    const content = lines.join('\n').trimEnd()
    const [language] = info.split(' ')
    const name = /save this as `([\w./-]+)`[^\n]*:\s*$/i.exec(blocks[index - 1] ?? '')?.[1]
    if (language === 'sh') return content.split('\n').map((command): Step => ({ kind: 'command', command }))
    return name === undefined ? [] : [{ kind: 'file', name, content: `${content}\n` }]
  })
}

/** A sentence that starts with "Open" is an instruction. */
function openingIn(prose: string): Step[] {
  const sentence = /(?:^|\n)Open ([^\n]+)/.exec(prose)?.[1]
  if (sentence === undefined) return []
  const address = /http:\/\/localhost:\d+/.exec(sentence)?.[0]
  return [{ kind: 'open', address, button: /select \*\*([^*]+)\*\*/.exec(sentence)?.[1] }]
}
