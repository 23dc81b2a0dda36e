import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
// @ts-expect-error plain JavaScript, which also prints the sizes
import { bleedingIntoWorkers, bundleWorker, workerJobs } from '../../scripts/bundles-worker.mjs'

interface Job {
  readonly code: string
  readonly ceiling?: number
}

const ours = Object.entries(workerJobs as Record<string, Job>).filter(([, { ceiling }]) => ceiling !== undefined)

describe('what a worker carries', () => {
  test.each(ours)('%s: nothing that it does not use, no more bytes than before', async (_, { code, ceiling }) => {
    const { text, gzip } = await bundleWorker(code)
    expect(bleedingIntoWorkers.exec(text)?.[0]).toBeUndefined()
    expect(gzip).toBeLessThanOrEqual(ceiling ?? 0)
  })

  test('is distinguished from a bundle with what it must not contain', async () => {
    const code = `export { createAuthHandler } from './src/adapters/worker/index.ts'`
    expect((await bundleWorker(code)).text).toMatch(bleedingIntoWorkers)
  })
})

/** Names that Next's build for edge routes warns of, because that runtime lacks them. */
const absentInEdge = new Set([
  ...['BroadcastChannel', 'ByteLengthQueuingStrategy', 'CompressionStream', 'CountQueuingStrategy'],
  ...['DecompressionStream', 'MessageChannel', 'MessageEvent', 'MessagePort', 'ReadableByteStreamController'],
  ...['ReadableStreamBYOBRequest', 'ReadableStreamDefaultController', 'TransformStreamDefaultController'],
  ...['WritableStreamDefaultController', 'clearImmediate', 'setImmediate'],
])

/** Where `text` uses one of these names for itself: not as a member, and not as a type. */
function usesIn(text: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node) => {
    if (ts.isTypeNode(node)) return
    const { parent } = node
    const isMember =
      (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
      (ts.isBindingElement(parent) && parent.propertyName === node)
    if (ts.isIdentifier(node) && absentInEdge.has(node.text) && !isMember) found.push(parent.getText())
    node.forEachChild(visit)
  }
  ts.createSourceFile('worker.ts', text, ts.ScriptTarget.ES2022, true).forEachChild(visit)
  return found
}

test('no module of the worker uses a global that an edge runtime lacks', async () => {
  const { metafile } = await build({
    entryPoints: ['src/adapters/worker/exports.ts'],
    ...{ bundle: true, write: false, metafile: true, format: 'esm', packages: 'external' },
  })
  const modules = Object.keys(metafile.inputs)
  expect(modules.length).toBeGreaterThan(100)
  const uses = modules.flatMap((file) => usesIn(readFileSync(file, 'utf8')).map((use) => `${file}: ${use}`))
  expect(uses).toEqual([])
})

test('such a use is found', () => {
  expect(usesIn(`new DecompressionStream('gzip')`)).toHaveLength(1)
  expect(usesIn(`const { DecompressionStream: D } = globalThis; let port: MessagePort`)).toEqual([])
})
