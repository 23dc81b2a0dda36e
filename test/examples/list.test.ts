import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../kit/build.ts'

const row = /^\| \[([\w-]+)\]\(\S+?\/examples\/([\w-]+)\/\S+\) \| .+ \| `node (examples\/[\w./-]+)(?: --\w+)?` \|$/gm
const listed = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(row)]

test('README lists every example, and no other', () => {
  const folders = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(listed.map(([, name]) => name).sort()).toEqual(folders.map(({ name }) => name).sort())
  expect(listed.filter(([, name, folder]) => name !== folder)).toEqual([])
})

test.each(listed)('%s: its command is there, and says at its head what it does', (...[, , , script]) => {
  const [head = ''] = readFileSync(join(root, script ?? ''), 'utf8').split('\n')
  expect(head).toMatch(/^\/\/ [A-Z].{20,}/)
})
