/** What the search finds: each section of a page by its heading, with its words. */
export function sectionsOf(tokens, anchorOf) {
  const sections = []
  tokens.forEach(({ type, content }, index) => {
    if (type === 'heading_open') {
      const heading = tokens[index + 1].content
      sections.push({ heading: heading.replaceAll('`', ''), anchor: anchorOf(heading), text: '' })
    } else if (type === 'inline' || type === 'fence') sections.at(-1).text += ` ${content}`
  })
  return sections.map(({ text, ...section }) => ({ ...section, words: wordsOf(text) }))
}

function wordsOf(text) {
  const found = text.toLowerCase().match(/[\p{L}\p{N}_@-]{2,}/gu) ?? []
  return [...new Set(found)].join(' ')
}
