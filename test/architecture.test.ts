import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map((file) => `src/${file}`)

interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

/** Every import and re-export of a file, dynamic ones included. */
function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const { importClause, moduleSpecifier } = node
      const named = importClause?.namedBindings
      const allTypes =
        named &&
        ts.isNamedImports(named) &&
        named.elements.length > 0 &&
        named.elements.every((each) => each.isTypeOnly)
      found.push({
        specifier: moduleSpecifier.text,
        typeOnly: Boolean(importClause?.isTypeOnly || (allTypes && !importClause?.name)),
      })
    }
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly })
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      if (argument && ts.isStringLiteral(argument)) found.push({ specifier: argument.text, typeOnly: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const graph = new Map(
  sources.map((file) => {
    const imports = importsOf(file)
    const local = imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier, typeOnly }) => ({ file: relative(root, join(root, dirname(file), specifier)), typeOnly }))
    return [
      file,
      {
        local,
        packages: imports.filter(({ specifier }) => !specifier.startsWith('.')).map(({ specifier }) => specifier),
      },
    ]
  }),
)

/** The floors of the core, from the ground up. A file imports from its own floor or below, never from above. */
const floors: readonly (readonly RegExp[])[] = [
  [
    /^core\/(ports|errors|events|redact|async|time|text|nearest|options|base64url|encrypt|explain-error|html|json|make-room|login\/return-to)\.ts$/,
  ],
  [/^core\/(memory|platform|digest|degradation|from-unstorage|lazy)\.ts$/],
  [/^core\/(ims|keys)\//],
  [/^core\/(flows\/(?!login-flow|authorization-code|code-grant|refresh-token|on-behalf-of|cluster-exchange)|verify\/)/],
  [
    /^core\/(setup|redis-lock|session\/(single-flight|with-lock|timely|token-cache|times|note|renewing|state|operation|redemption|successor))\.ts$/,
  ],
  [
    /^core\/(token-set|session\/(session|renewal|refresh|refresh-renewal|user-renewal|store-login|invalidate)|fetch\/[\w-]+)\.ts$/,
  ],
  [/^core\/(flows\/login-flow|login\/[\w-]+)\.ts$/],
  [/^core\/flows\/(authorization-code|code-grant|refresh-token|on-behalf-of|cluster-exchange)\.ts$/],
  [/^core\/(client(-options)?|renew-ahead)\.ts$/],
  [/^core\/low-level\//],
  [/^core\/compat\//],
  [/^core\/(api|api-login|api-low-level|exports|index)\.ts$/],
]
const floorOf = (file: string) =>
  floors.findIndex((floor) => floor.some((pattern) => pattern.test(file.replace(/^src\//, ''))))
const core = sources.filter((file) => file.startsWith('src/core/'))

describe('the core', () => {
  test('every file stands on a floor', () => {
    expect(core.filter((file) => floorOf(file) === -1)).toEqual([])
  })

  test('imports go down only', () => {
    const upward = core.flatMap((file) =>
      (graph.get(file)?.local ?? [])
        .filter((to) => floorOf(to.file) > floorOf(file))
        .map((to) => `${file} -> ${to.file}`),
    )
    expect(upward).toEqual([])
  })

  test('imports only itself, jose and oauth4webapi', () => {
    const foreign = core.flatMap((file) => {
      const { local = [], packages = [] } = graph.get(file) ?? {}
      const outside = local.map((to) => to.file).filter((to) => !to.startsWith('src/core/'))
      return [...outside, ...packages.filter((name) => !/^(?:jose|oauth4webapi)(?:\/|$)/.test(name))].map(
        (to) => `${file} -> ${to}`,
      )
    })
    expect(foreign).toEqual([])
  })

  test('has no word of a platform in its code', () => {
    const words =
      /\b(?:process\.|Buffer\b|window\b|document\.|localStorage|sessionStorage|indexedDB|navigator\b|require\(|__dirname|Deno\.|Bun\.|caches\b|console\.)/
    const spoken = core.flatMap((file) => {
      const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      return words.test(code) ? [`${file}: ${words.exec(code)?.[0]}`] : []
    })
    expect(spoken).toEqual([])
  })

  test('a flow does not import another flow: several flows may share a grant, which carries them out', () => {
    const flows = core.filter((file) => file.startsWith('src/core/flows/'))
    const shared = /\/(?:flow|login-flow|credentials|resource|invalidating|assertion|[\w-]+-grant)\.ts$/
    const across = flows.flatMap((file) =>
      (graph.get(file)?.local ?? [])
        .filter((to) => to.file.startsWith('src/core/flows/') && !shared.test(to.file))
        .map((to) => `${file} -> ${to.file}`),
    )
    expect(across).toEqual([])
  })
})

describe('all sources', () => {
  test('has no import cycle', () => {
    const done = new Set<string>()
    const cycles: string[] = []
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      if (done.has(file) || path.includes(file)) return
      for (const to of graph.get(file)?.local ?? []) if (!to.typeOnly) walk(to.file, [...path, file])
      done.add(file)
    }
    for (const file of sources) walk(file, [])
    expect(cycles).toEqual([])
  })

  test('adapters import the core and not each other, bindings one adapter; emulator and testing import no adapter', () => {
    const region = (file: string) => /^src\/((?:adapters|bindings)\/[\w-]+(?=\/)|\w+)\//.exec(file)?.[1] ?? ''
    const allowed: Record<string, readonly string[]> = {
      core: ['core'],
      testing: ['testing', 'core'],
      design: [],
      emulator: ['emulator', 'core', 'design'],
      // the command line starts the emulator
      'adapters/node': ['adapters/node', 'core', 'design', 'emulator'],
      'adapters/browser': ['adapters/browser', 'core'],
      'adapters/worker': ['adapters/worker', 'core', 'design'],
      // a layer above the adapters
      'bindings/hono': ['bindings/hono', 'adapters/worker', 'core'],
      'bindings/express': ['bindings/express', 'adapters/worker', 'core'],
      // what bindings for browser apps share
      bindings: ['core'],
      'bindings/react': ['bindings/react', 'bindings', 'core'],
      'bindings/vue': ['bindings/vue', 'bindings', 'core'],
      'bindings/svelte': ['bindings/svelte', 'bindings', 'core'],
      'bindings/next': ['bindings/next', 'adapters/worker', 'core'],
    }
    const wrong = sources.flatMap((file) =>
      (graph.get(file)?.local ?? [])
        .filter((to) => !(allowed[region(file)] ?? []).includes(region(to.file)))
        .map((to) => `${file} -> ${to.file}`),
    )
    const commands = /^src\/adapters\/node\/cli\//
    const early = sources.filter(
      (file) =>
        region(file) === 'adapters/node' &&
        !commands.test(file) &&
        graph.get(file)?.local.some((to) => region(to.file) === 'emulator'),
    )
    expect([...wrong, ...early]).toEqual([])
  })

  test('a binding imports its framework and no other package', () => {
    const foreign = sources.flatMap((file) => {
      const [, framework] = /^src\/bindings\/(\w+)\//.exec(file) ?? []
      const packages = file.startsWith('src/bindings/') ? (graph.get(file)?.packages ?? []) : []
      return packages.filter((name) => name.split('/')[0] !== framework).map((name) => `${file} -> ${name}`)
    })
    expect(foreign).toEqual([])
  })

  test('only the emulator’s server knows Node', () => {
    const neutral = sources.filter(
      (file) => /^src\/(core|design|testing|emulator)\//.test(file) && file !== 'src/emulator/start.ts',
    )
    const touching = neutral.filter((file) => graph.get(file)?.packages.some((name) => name.startsWith('node:')))
    expect(touching).toEqual([])
  })

  test('has files that can be read in one sitting', () => {
    const long = sources.filter((file) => readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length > 300)
    expect(long).toEqual([])
  })

  test('names nothing after its lack of a name', () => {
    const nameless = sources.filter((file) =>
      /(?:^|\/)(?:utils?|helpers?|common|shared|misc|types)(?:\/|\.ts$)/i.test(file),
    )
    expect(nameless).toEqual([])
  })
})
