import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

// a program that compiles against the declarations of the published @adobe/aio-lib-ims compiles against ours

const root = join(import.meta.dirname, '..', '..')
const program = fileURLToPath(new URL('fixtures/typed-program.ts', import.meta.url))

function faults(library: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    types: ['node'],
    paths: { library: [library] },
  }
  const compiled = ts.createProgram([program], options)
  const found = ts
    .getPreEmitDiagnostics(compiled)
    .filter(({ file }) => file?.fileName === program || file === undefined)
  return found.map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

describe('a program that uses every member', () => {
  test.each([
    ['the published @adobe/aio-lib-ims', 'node_modules/@adobe/aio-lib-ims/types/index.d.ts'],
    ['the entry for Node', 'src/adapters/node/exports.ts'],
    ['the entry for workers', 'src/adapters/worker/exports.ts'],
    ['the entry for browsers', 'src/adapters/browser/exports.ts'],
  ])('compiles against %s', { timeout: 120_000 }, (_, library) => {
    expect(faults(join(root, library))).toEqual([])
  })
})
