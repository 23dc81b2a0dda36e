// Builds the documentation into a site of plain files: `npm run docs`, then open site/index.html. The pages are the
// Markdown of README and docs/, the reference comes from the docstrings.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { build } from 'esbuild'
import { designStyle } from './design.mjs'
import { filesOf, withRelativeLinks } from './repository.mjs'
import { render } from './site/markdown.mjs'
import { entryPages, referencePages } from './site/reference.mjs'
import { sectionsOf } from './site/search.mjs'
import { shell } from './site/shell.mjs'

/** What the side of every page shows, in this order. */
export const contents = {
  'Get started': [
    'README',
    'credentials',
    'quickstart-page',
    'quickstart-script-tag',
    'quickstart-worker',
    'quickstart-node',
  ],
  Concepts: ['renewal', 'storage', 'vault', 'tabs', 'organizations', 'security-model'],
  Guides: [
    'calling-apis',
    'on-behalf-of',
    'agents',
    'react',
    'vue',
    'svelte',
    'angular',
    'worker',
    'backend-for-a-page',
    'next',
    'hono',
    'express',
    'servers',
    'frameworks',
    'testing',
    'testing-browsers',
    'testing-workers',
    'https-on-localhost',
    'redirect-uris',
    'csp',
    'fleet',
    'operations',
    'migrating',
  ],
  Reference: ['command-line', 'errors', 'runtimes', 'ims-protocol', 'benchmarks', 'versions', 'glossary', 'faq'],
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
const labelOf = (name) => (name === 'README' ? 'Introduction' : shortTitleOf(name))
/** The first sentence of a page. */
const summaryOf = (name) => {
  const [, ...paragraphs] = textOf(name)
    .split('\n\n')
    .filter((part) => /^(?!```)[\w*[`]/.test(part) || part.startsWith('# '))
  return (paragraphs[0] ?? '')
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replace(/[*`]/g, '')
    .replace(/\s+/g, ' ')
    .split(/(?<=[.?]) /)[0]
}

/** The target of a link of page `name` in the site; a link to a file that is not a page leads to the source. */
function target(name, link) {
  if (/^[a-z]+:/.test(link) || link.startsWith('#')) return link
  const [path, anchor] = link.split('#')
  const file = posix.join(posix.dirname(fileOf(name)), path)
  const page = names.find((other) => fileOf(other) === file)
  return (page === undefined ? `source/${file}` : htmlOf(page)) + (anchor === undefined ? '' : `#${anchor}`)
}

const groups = [
  ...Object.entries(contents).map(([title, list]) => ({
    title,
    pages: list.map((name) => ({ file: htmlOf(name), label: labelOf(name) })),
  })),
  { title: 'API reference', pages: entryPages() },
]
const inOrder = groups.flatMap(({ pages }) => pages)
const around = (file) => {
  const at = inOrder.findIndex((page) => page.file === file)
  return at < 0 ? {} : { previous: inOrder[at - 1], next: inOrder[at + 1] }
}

/** The pages that are written by hand. */
const guides = names.map((name) => {
  const file = htmlOf(name)
  // `imskit migrate` links to rows of the table of differences by their names
  const rendered = render(textOf(name), { linkTo: (link) => target(name, link), rowIds: name === 'migrating' })
  return { file, title: titleOf(name), description: summaryOf(name), ...rendered, ...around(file) }
})

/** Those that are made of the docstrings. */
const reference = (await referencePages()).map(({ file, text, kind, entry }) => {
  const linkTo = (link) => (/^[a-z]+:/.test(link) ? link : link.replace(/\.md(?=#|$)/, '.html'))
  const rendered = render(text, { linkTo, html: true })
  const title = rendered.headings[0].text
  const above = kind && `<p class="above"><a href="../index.html">${entry}</a> / ${kind.replace('-', ' ')}</p>\n`
  // each function has parameters: the contents name what differs
  const headings = rendered.headings.filter(({ level, text: name }, at, all) => {
    const part = all.slice(0, at).findLast((heading) => heading.level === 2)
    return level === 2 ? name !== 'Call Signature' : level === 3 && part?.text === 'Methods'
  })
  const menu = entry && `api/${entry}/index.html`
  return {
    file,
    title,
    description: `${title}: API reference of imskit`,
    above,
    menu,
    isReference: true,
    ...rendered,
    headings,
    ...around(file),
  }
})

/** A script and not JSON, so that it can also be read if the site is opened as a file. */
const searchIndex = () =>
  `globalThis.sections = ${JSON.stringify([...guides, ...reference.filter(({ above }) => above)].flatMap(sectionsOf))}\n`

/** The contents for programs that read them (llmstxt.org); `linkTo` gives the address of a page by its name. */
const llms = (linkTo) =>
  `# imskit\n\n> ${summaryOf('README')}\n\n${Object.entries(contents)
    .map(
      ([title, list]) =>
        `## ${title}\n\n${list.map((name) => `- [${titleOf(name)}](${linkTo(name)}): ${summaryOf(name)}`).join('\n')}`,
    )
    .join('\n\n')}\n`

function write(file, text) {
  mkdirSync(dirname(`site/${file}`), { recursive: true })
  writeFileSync(`site/${file}`, text)
}

rmSync('site', { recursive: true, force: true })
for (const page of [...guides, ...reference]) write(page.file, shell({ groups, ...page }))
const markdownOf = (name) => htmlOf(name).replace(/html$/, 'md')
for (const name of names) write(markdownOf(name), textOf(name))
write('llms.txt', llms(markdownOf))
// the one of the package; its pages are in the repository
if (process.argv.includes('--llms'))
  writeFileSync(
    'llms.txt',
    llms((name) => filesOf(manifest) + fileOf(name)),
  )
write('llms-full.txt', names.map(textOf).join('\n\n---\n\n'))
write('site.css', (await designStyle()) + readFileSync('scripts/site/site.css', 'utf8'))
write('search-index.js', searchIndex())
await build({
  entryPoints: ['scripts/site/page.page.js'],
  outfile: 'site/page.js',
  bundle: true,
  minify: true,
  ignoreAnnotations: true,
})
for (const file of ['SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'AGENTS.md', 'llms.txt', 'LICENSE', 'examples']) {
  cpSync(file, `site/source/${file}`, { recursive: true })
}
console.log(`${guides.length} pages and ${reference.length} of the API reference: site/index.html`)
