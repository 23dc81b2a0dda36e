import { plainText } from './markdown.mjs'

/**
 * What the search finds: each section of a page as `[address, title of the page, heading, text]`. The text before the
 * first section has the page's title as its heading.
 */
export function sectionsOf({ file, title, tokens }) {
  const sections = []
  tokens.forEach((token, index) => {
    const { type, content } = token
    if (type === 'heading_open') {
      const anchor = sections.length === 0 ? '' : `#${token.attrGet('id')}`
      sections.push([file + anchor, title, sections.length === 0 ? title : plainText(tokens[index + 1]), ''])
    } else if (type === 'inline' && tokens[index - 1]?.type !== 'heading_open')
      sections.at(-1)[3] += `${plainText(token)} `
    else if (type === 'fence') sections.at(-1)[3] += `${content} `
  })
  return sections.map((section) => section.map((text) => text.replace(/\s+/g, ' ').trim()))
}
