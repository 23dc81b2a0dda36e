import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const directory = join(root, 'dist', 'types')
const printer = ts.createPrinter({ removeComments: true })

/** The entries that have types. */
export const entries = () =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => name.slice(0, -'.d.ts'.length))
    .sort()

/** What every entry exports, by the declarations that are published: names, signatures, and the types that they use. */
export function apiReports() {
  const files = entries().map((name) => join(directory, `${name}.d.ts`))
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
  })
  return Object.fromEntries(entries().map((name, index) => [name, reportOf(program, files[index])]))
}

function reportOf(program, file) {
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(file))
  const exported = new Map()
  for (const each of checker.getExportsOfModule(module))
    if (each.name !== 'default') exported.set(each.name, target(checker, each))
  const known = new Set(exported.values())
  const reached = reachableFrom(checker, known)
  const spoken = reached.map((symbol) => [symbol.name, symbol])
  const parts = [...sorted([...exported]).map(describe)]
  if (spoken.length > 0) parts.push('// not exported, and spoken of above', ...sorted(spoken).map(describe))
  return `${parts.join('\n\n')}\n`
}

const sorted = (pairs) => pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))

/** What an import or export stands for. */
const target = (checker, symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)

const declarationsOf = (symbol) =>
  (symbol.declarations ?? []).map((node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node))

function describe([name, symbol]) {
  const texts = declarationsOf(symbol).map((node) => {
    const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
    return text.replace(/^(export )?(declare )?/, '')
  })
  // one of another package stands for itself: its text is not ours
  const foreign = !declarationsOf(symbol).some(isOurs)
  const shown = foreign ? [`from another package: ${symbol.name}`] : texts
  return (name === symbol.name ? shown : [`as ${name}:`, ...shown]).join('\n')
}

const isOurs = (node) => node.getSourceFile().fileName.startsWith(directory)

/** imskit's declarations that `known` use without being among them. */
function reachableFrom(checker, known) {
  const found = new Set()
  const queue = [...known]
  const visit = (node) => {
    if (ts.isIdentifier(node)) {
      const local = checker.getSymbolAtLocation(node)
      const symbol = local && target(checker, local)
      const [declared] = symbol?.declarations ?? []
      const statement = declared && ts.isVariableDeclaration(declared) ? declared.parent.parent : declared
      const top = statement?.parent !== undefined && ts.isSourceFile(statement.parent)
      if (top && isOurs(declared) && !known.has(symbol) && !found.has(symbol)) {
        found.add(symbol)
        queue.push(symbol)
      }
    }
    ts.forEachChild(node, visit)
  }
  for (const symbol of queue) for (const node of declarationsOf(symbol)) if (isOurs(node)) visit(node)
  return [...found]
}

/** Directories whose files no user names: what entries share, load lazily, or are made of, a file for each module. */
const unnamed = /^(dist\/node\/shared|dist\/types\/shared|dist\/esm(?=\/.*\/))\/.+?(\.d\.cts|\.c?js)$/

/** The paths in the tarball, one a line; source maps go with what they are maps of. */
export async function fileList() {
  const paths = (await packed()).files.map(({ path }) => path.replace(unnamed, '$1/*$2'))
  const listed = [...new Set(paths)].filter((path) => !path.endsWith('.map')).sort()
  return `${listed.join('\n')}\n`
}

/** What `npm pack` would make, with sizes in bytes. */
export async function packed() {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { stdout } = await promisify(execFile)('npm', args, { cwd: root, maxBuffer: 16 * 1024 * 1024 })
  return JSON.parse(stdout)[0]
}
