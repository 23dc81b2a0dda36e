import MarkdownIt from 'markdown-it'
import { createCssVariablesTheme, createHighlighter } from 'shiki'

const languages = {
  js: 'js',
  mjs: 'js',
  ts: 'ts',
  tsx: 'tsx',
  jsx: 'tsx',
  vue: 'vue',
  svelte: 'svelte',
  astro: 'astro',
  sh: 'sh',
  html: 'html',
  http: 'http',
  toml: 'toml',
  json: 'json',
  yaml: 'yaml',
}
const theme = createCssVariablesTheme({ name: 'tokens', variablePrefix: '--code-' })
const highlighter = await createHighlighter({ themes: [theme], langs: [...new Set(Object.values(languages))] })

/** The anchor of a heading, as GitHub makes it. */
export const anchorOf = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\s-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

/** The text of an inline token without its marks. */
export const plainText = ({ children, content }) =>
  children?.length > 0
    ? children
        .map((child) => (child.type === 'softbreak' ? ' ' : child.type === 'html_inline' ? '' : child.content))
        .join('')
    : content

const { escapeHtml } = new MarkdownIt().utils

const breaks = (name) =>
  name.replace(/(?<=[\w)][_/.=?,|-])(?=[\w(])|(?<=[)|])(?=[(\\])|(?<=[a-z]{2})(?=[A-Z])/g, '<wbr>')

/**
 * `text` as HTML in which names of at least `least` characters may continue in the next line: after `_`, `/` and the
 * like, and before a capital letter.
 */
export const breakable = (text, least = 24) => escapeHtml(text).replace(new RegExp(`\\S{${least},}`, 'g'), breaks)

function code(content, language) {
  const lang = languages[language] ?? 'text'
  // lines of a drawing must stay below each other
  const kind = /[\u2500-\u257f]/.test(content) ? ' drawing' : ''
  const { tokens } = highlighter.codeToTokens(content.replace(/\n$/, ''), { lang, theme: 'tokens' })
  const html = tokens.map((line) => {
    const parts = line.map(({ content: text, color }) => {
      const name = /--code-token-([\w-]+)/.exec(color ?? '')?.[1]
      return name === undefined ? escapeHtml(text) : `<span class="c-${name}">${escapeHtml(text)}</span>`
    })
    // if a line continues in the next one, that is indented a little more
    const indent = line
      .map(({ content: text }) => text)
      .join('')
      .search(/\S|$/)
    return `<span class="line"${indent > 0 ? ` style="--in:${indent}"` : ''}>${parts.join('')}\n</span>`
  })
  return `<div class="code${kind}"><pre tabindex="0" data-language="${language}"><code>${html.join('')}</code></pre></div>\n`
}

/** Headings have anchors, which are different from each other as at GitHub. */
function anchorHeadings(tokens) {
  const seen = new Map()
  const headings = []
  tokens.forEach((token, index) => {
    if (token.type !== 'heading_open') return
    const text = plainText(tokens[index + 1])
    const anchor = anchorOf(text)
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    const id = times === 0 ? anchor : `${anchor}-${times}`
    token.attrSet('id', id)
    headings.push({ level: Number(token.tag.slice(1)), text, id })
  })
  return headings
}

/**
 * The HTML of a page and what else is made of its Markdown.
 *
 * - `linkTo`: the address of a link in the site
 * - `rowIds`: rows of tables get their first cell as id, if it is a name
 * - `html`: whether the text may contain HTML
 */
export function render(text, { linkTo = (link) => link, rowIds = false, html = false } = {}) {
  const markdown = new MarkdownIt({ html, linkify: false })
  const tokens = markdown.parse(text.replace(/^<!--.*-->\n/gm, ''), {})
  const headings = anchorHeadings(tokens)
  const { rules } = markdown.renderer
  rules.link_open = (all, index, options, _, self) => {
    all[index].attrSet('href', linkTo(all[index].attrGet('href')))
    return self.renderToken(all, index, options)
  }
  rules.td_open = (all, index, options, _, self) => {
    const { content = '' } = all[index + 1]
    if (rowIds && all[index - 1].type === 'tr_open' && /^[a-z\d-]+$/.test(content)) all[index].attrSet('id', content)
    return self.renderToken(all, index, options)
  }
  // wide tables and programs scroll by themselves, also by the keyboard
  let tables = 0
  rules.table_open = (all, index) => {
    const end = all.findIndex(({ type }, at) => at > index && type === 'thead_close')
    const columns = all.slice(index, end).filter(({ type }) => type === 'th_open').length
    const many = columns > 3 ? ' class="many"' : ''
    return `<div class="scroll"><div class="wide" tabindex="0" role="region" aria-label="Table ${++tables}"><table${many}>`
  }
  rules.table_close = () => '</table></div></div>'
  rules.code_inline = (all, index) => `<code>${breakable(all[index].content)}</code>`
  rules.text = (all, index) => breakable(all[index].content)
  rules.fence = (all, index) => code(all[index].content, all[index].info.split(/\s/)[0] ?? '')
  rules.code_block = (all, index) => code(all[index].content, '')
  // an empty heading has no meaning
  const body = markdown.renderer.render(tokens, markdown.options, {}).replace(/<th([^>]*)><\/th>/g, '<td$1></td>')
  return { body, headings, tokens }
}
