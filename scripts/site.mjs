// Builds the documentation into a site of plain files: `npm run docs`, then open site/index.html. The pages are the
// Markdown of README and docs/, the reference comes from the docstrings.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import MarkdownIt from 'markdown-it'
import { withRelativeLinks } from './repository.mjs'
import { sectionsOf } from './site-search.mjs'

/** What the side of every page shows, in this order. */
export const contents = {
  Begin: ['README', 'credentials', 'quickstart-page', 'quickstart-script-tag', 'quickstart-worker', 'quickstart-node'],
  Understand: ['renewal', 'storage', 'vault', 'tabs', 'organizations', 'security-model'],
  Do: [
    'calling-apis',
    'react',
    'worker',
    'backend-for-a-page',
    'testing',
    'https-on-localhost',
    'redirect-uris',
    'csp',
    'fleet',
    'migrating',
  ],
  'Look up': ['command-line', 'errors', 'runtimes', 'ims-protocol', 'benchmarks', 'glossary', 'faq'],
}

const fileOf = (name) => (name === 'README' ? 'README.md' : `docs/${name}.md`)
const htmlOf = (name) => (name === 'README' ? 'index.html' : `${name}.html`)
const names = Object.values(contents).flat()
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const textOf = (name) => withRelativeLinks(readFileSync(fileOf(name), 'utf8'), manifest)
const titleOf = (name) => /^# (.+)$/m.exec(textOf(name))[1].replaceAll('`', '')
const shortTitleOf = (name) =>
  titleOf(name)
    .replace(/^Quickstart: (?:an? )?/, '')
    .replace(/^./, (first) => first.toUpperCase())
/** The first sentence of a page. */
const summaryOf = (name) => {
  const [, ...paragraphs] = textOf(name)
    .split('\n\n')
    .filter((part) => /^[\w*[`]/.test(part) || part.startsWith('# '))
  return (paragraphs[0] ?? '')
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replace(/[*`]/g, '')
    .split(/(?<=[.?]) /)[0]
}

const anchorOf = (text) =>
  text
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-')

/** The target of a link of page `name` in the site; a link to a file that is not a page leads to the source. */
function target(name, link) {
  if (/^[a-z]+:/.test(link) || link.startsWith('#')) return link
  const [path, anchor] = link.split('#')
  const file = posix.join(posix.dirname(fileOf(name)), path)
  const page = names.find((other) => fileOf(other) === file)
  return (page === undefined ? `source/${file}` : htmlOf(page)) + (anchor === undefined ? '' : `#${anchor}`)
}

function render(name) {
  const markdown = new MarkdownIt({ html: false, linkify: false })
  const { rules } = markdown.renderer
  rules.heading_open = (tokens, index) => {
    const { tag } = tokens[index]
    return `<${tag} id="${anchorOf(tokens[index + 1].content)}">`
  }
  rules.link_open = (tokens, index, options, _, self) => {
    tokens[index].attrSet('href', target(name, tokens[index].attrGet('href')))
    return self.renderToken(tokens, index, options)
  }
  // `imskit migrate` links to rows of the table of differences by their names
  rules.td_open = (tokens, index, options, _, self) => {
    const { content = '' } = tokens[index + 1]
    if (name === 'migrating' && tokens[index - 1].type === 'tr_open' && /^[a-z\d-]+$/.test(content))
      tokens[index].attrSet('id', content)
    return self.renderToken(tokens, index, options)
  }
  // wide tables and programs scroll by themselves, also by the keyboard
  let tables = 0
  rules.table_open = () => `<div class="wide" tabindex="0" role="region" aria-label="Table ${++tables}"><table>`
  rules.table_close = () => '</table></div>'
  rules.fence = (tokens, index) => {
    const { content, info } = tokens[index]
    const [language = ''] = info.split(/\s/)
    return `<pre tabindex="0" data-language="${language}"><code>${markdown.utils.escapeHtml(content)}</code></pre>`
  }
  // an empty heading has no meaning
  const text = textOf(name).replace(/^<!--.*-->\n/gm, '')
  return markdown.render(text).replace(/<th([^>]*)><\/th>/g, '<td$1></td>')
}

function navigation(current) {
  const item = (name) =>
    `<li><a href="${htmlOf(name)}"${name === current ? ' aria-current="page"' : ''}>${name === 'README' ? 'imskit' : shortTitleOf(name)}</a></li>`
  const groups = Object.entries(contents).map(([title, list]) => `<h2>${title}</h2><ul>${list.map(item).join('')}</ul>`)
  return `${groups.join('')}<h2>API</h2><ul><li><a href="api/index.html">Reference</a></li></ul>`
}

function page(name) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${summaryOf(name).replaceAll('"', '&quot;')}">
<title>${titleOf(name)}${name === 'README' ? '' : ' — imskit'}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="site.css">
<script src="search.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header><a href="index.html">imskit</a><details><summary>Pages</summary><nav aria-label="Pages">${navigation(name)}</nav></details></header>
<nav class="side" aria-label="All pages">${navigation(name)}</nav>
<form role="search" hidden>
<label for="search">Search</label>
<input id="search" type="search" autocomplete="off" aria-keyshortcuts="/">
<output for="search"></output>
<ul></ul>
</form>
<main id="content">${render(name)}</main>
</body>
</html>
`
}

/** A script and not JSON, so that it can also be read if the site is opened as a file. */
const searchIndex = () => {
  const sections = names.flatMap((name) =>
    sectionsOf(new MarkdownIt().parse(textOf(name), {}), anchorOf).map(({ heading, anchor, words }) => [
      `${htmlOf(name)}#${anchor}`,
      heading,
      titleOf(name),
      words,
    ]),
  )
  return `globalThis.sections = ${JSON.stringify(sections)}\n`
}

const llms = () =>
  `# imskit\n\n> ${summaryOf('README')}\n\n${Object.entries(contents)
    .map(
      ([title, list]) =>
        `## ${title}\n\n${list.map((name) => `- [${titleOf(name)}](${htmlOf(name).replace(/html$/, 'md')}): ${summaryOf(name)}`).join('\n')}`,
    )
    .join('\n\n')}\n`

rmSync('site', { recursive: true, force: true })
mkdirSync('site', { recursive: true })
for (const name of names) {
  writeFileSync(`site/${htmlOf(name)}`, page(name))
  writeFileSync(`site/${htmlOf(name).replace(/html$/, 'md')}`, textOf(name))
}
writeFileSync('site/llms.txt', llms())
writeFileSync('site/llms-full.txt', names.map(textOf).join('\n\n---\n\n'))
cpSync('scripts/site.css', 'site/site.css')
cpSync('scripts/site-search.page.js', 'site/search.js')
writeFileSync('site/search-index.js', searchIndex())
for (const file of ['SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE', 'examples']) {
  cpSync(file, `site/source/${file}`, { recursive: true })
}
const entries = [
  'src/adapters/node/exports.ts',
  'src/adapters/browser/exports.ts',
  'src/adapters/worker/exports.ts',
  'src/emulator/exports.ts',
  'src/testing/exports.ts',
]
execFileSync(
  process.execPath,
  [
    'node_modules/typedoc/bin/typedoc',
    ...entries,
    '--out',
    'site/api',
    '--name',
    'imskit',
    '--readme',
    'none',
    '--excludeInternal',
    '--excludePrivate',
    '--disableSources',
    // its page lacks anchors that others link to
    '--includeHierarchySummary',
    'false',
    '--customCss',
    'scripts/site-api.css',
    '--logLevel',
    'Error',
  ],
  { stdio: 'inherit' },
)
// TypeDoc's pages have no landmarks
for (const name of readdirSync('site/api', { recursive: true }).filter((file) => file.endsWith('.html'))) {
  const html = readFileSync(`site/api/${name}`, 'utf8')
    .replace('<div class="col-content">', '<main class="col-content">')
    .replace(
      /<\/div>\s*<div class="col-sidebar">/,
      '</main><aside class="col-sidebar" aria-label="Settings and pages">',
    )
    .replace(/<\/div>(\s*)<\/div>(\s*)<footer>/, '</aside>$1</div>$2<footer>')
  writeFileSync(`site/api/${name}`, html)
}
console.log(`${names.length} pages and the API reference: site/index.html`)
