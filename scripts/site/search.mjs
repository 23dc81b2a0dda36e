import { plainText } from './markdown.mjs'

const kindOf = ({ tag }) => Number(tag.slice(1))

/**
 * What the search finds of a page: its sections as `[address, title of the page, heading, text]`. The text before the
 * first section has the page's title as its heading. Sections that every page of the reference has, such as
 * `Parameters`, belong to the one before; only methods are found by their names.
 */
export function sectionsOf({ file, title, tokens, isReference = false }) {
  const sections = []
  let above = ''
  const isOwn = (token, heading) => {
    if (sections.length === 0 || !isReference) return true
    if (kindOf(token) === 2) above = heading
    return kindOf(token) === 3 && above === 'Methods'
  }
  tokens.forEach((token, index) => {
    const { type, content } = token
    if (type === 'heading_open') {
      const heading = plainText(tokens[index + 1])
      const anchor = sections.length === 0 ? '' : `#${token.attrGet('id')}`
      if (isOwn(token, heading)) sections.push([file + anchor, title, anchor === '' ? title : heading, ''])
    } else if (type === 'inline' && tokens[index - 1]?.type !== 'heading_open')
      sections.at(-1)[3] += `${plainText(token)} `
    else if (type === 'fence') sections.at(-1)[3] += `${content} `
  })
  return sections.map((section) => section.map((text) => text.replace(/\s+/g, ' ').trim()))
}
