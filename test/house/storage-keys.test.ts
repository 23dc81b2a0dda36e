import ts from 'typescript'
import { expect, test } from 'vitest'
import { eachNode, librarySources, readText } from './sources.ts'

/** Names that begin like keys and are not stored. */
const others: Readonly<Record<string, string>> = {
  'imskit/cookie': 'purpose of a derived key',
  'imskit/session-secret': 'digest of the session secret',
  'imskit/package': 'an import that imskit migrate writes',
  'imskit/src': 'an import of @adobe/aio-lib-ims',
}
const entries = ['core', 'node', 'browser', 'worker', 'emulator', 'testing']

/** The keys that strings of the sources begin with, such as `imskit/tokens`. */
function keysInSources(): string[] {
  const keys = new Set<string>()
  for (const { tree } of librarySources()) {
    eachNode(tree, (node) => {
      const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node)
      const [key] = (isText && /^imskit\/[\w-]+/.exec(node.text)) || []
      if (key !== undefined) keys.add(key)
    })
  }
  return [...keys].sort()
}

test('every key that is stored is in docs/contributing/storage-keys.md, and no other', () => {
  const known = [...Object.keys(others), ...entries.map((entry) => `imskit/${entry}`)]
  const written = keysInSources().filter((key) => !known.includes(key))
  expect(written.length).toBeGreaterThan(10)
  const page = readText('docs/contributing/storage-keys.md').replace(/\$XDG_STATE_HOME\/\S*/g, '')
  const listed = new Set([...page.matchAll(/imskit\/[\w-]+/g)].map(([key]) => key))
  expect([...listed].sort()).toEqual(written)
})
