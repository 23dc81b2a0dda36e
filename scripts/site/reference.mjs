import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { Application } from 'typedoc'

/** Which file has the exports of an entry. The first that exports a declaration documents it, the others refer to it. */
const entries = {
  imskit: 'src/adapters/node/exports.ts',
  'imskit/browser': 'src/adapters/browser/exports.ts',
  'imskit/worker': 'src/adapters/worker/exports.ts',
  'imskit/next': 'src/bindings/next/exports.ts',
  'imskit/emulator': 'src/emulator/exports.ts',
  'imskit/testing': 'src/testing/exports.ts',
  'imskit/core': 'src/core/exports.ts',
  'imskit/hono': 'src/bindings/hono/exports.ts',
  'imskit/express': 'src/bindings/express/exports.ts',
  'imskit/react': 'src/bindings/react/exports.ts',
  'imskit/vue': 'src/bindings/vue/exports.ts',
  'imskit/svelte': 'src/bindings/svelte/exports.ts',
}

const about = {
  imskit: 'Node.js, Deno and Bun; `imskit/node` is the same',
  'imskit/browser': 'browser apps',
  'imskit/worker': 'Workers',
  'imskit/next': 'Next',
  'imskit/emulator': 'a local IMS for development and tests',
  'imskit/testing': 'contracts for stores and locks, and a clock for tests',
  'imskit/core': 'without the parts of a runtime',
  'imskit/hono': 'guard and backend as middleware for Hono',
  'imskit/express': 'guard and backend as middleware for Express, and for other servers of Node',
  'imskit/react': 'React',
  'imskit/vue': 'Vue',
  'imskit/svelte': 'Svelte',
}

const layout = {
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  sanitizeComments: true,
  indexFormat: 'table',
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideInherited: true, hideSources: true, hideModifiers: true, hideOverrides: true },
  pageTitleTemplates: { member: ({ name }) => name },
  entryFileName: 'index',
}

/** Writes the reference as Markdown into `out`, under the public names of the entries. */
async function write(out) {
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    name: 'imskit',
    entryPoints: Object.values(entries),
    sortEntryPoints: false,
    readme: 'none',
    excludeInternal: true,
    excludePrivate: true,
    disableSources: true,
    // types are checked elsewhere
    skipErrorChecking: true,
    logLevel: 'Error',
    out,
    ...layout,
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc found no exports')
  for (const module of project.children) {
    const [name] = Object.entries(entries).find(([, file]) => file.endsWith(`${module.name}.ts`)) ?? []
    if (name === undefined) throw new Error(`no public name for ${module.name}`)
    module.name = name
  }
  await app.generateOutputs(project)
  if (app.logger.hasErrors()) throw new Error('TypeDoc reported errors')
}

const overview = `# API reference\n\nEach entry of the package, and what it exports.\n\n| entry | for |\n|---|---|\n${Object.keys(
  entries,
)
  .map((name) => `| [${name}](${name}/index.md) | ${about[name]} |`)
  .join('\n')}\n`

/**
 * The pages of the reference: `file` in the site, `entry`, its Markdown `text` and the label of its kind. An entry's own
 * page has no kind.
 */
export async function referencePages() {
  const folder = mkdtempSync(join(tmpdir(), 'imskit-reference-'))
  try {
    await write(folder)
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'))
    const pages = names
      .filter((name) => name.endsWith('.md') && name !== 'index.md')
      .sort()
      .map((name) => pageOf(name, readFileSync(join(folder, name), 'utf8')))
    return [{ file: 'api/index.html', text: overview }, ...pages]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const kinds = ['classes', 'functions', 'interfaces', 'type-aliases', 'variables', 'enumerations']

function pageOf(name, text) {
  const file = `api/${name.replace(/md$/, 'html')}`
  const parts = posix.dirname(name).split('/')
  const kind = kinds.includes(parts.at(-1)) ? parts.at(-1) : undefined
  return { file, text, kind, entry: (kind === undefined ? parts : parts.slice(0, -1)).join('/') }
}

/** The entries as pages of the sidebar. */
export const entryPages = () => Object.keys(entries).map((label) => ({ file: `api/${label}/index.html`, label }))
