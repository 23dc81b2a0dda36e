import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endpoints } from '../../src/core/ims/environment.ts'
import { Ims } from '../../src/core/index.ts'
import { root } from '../kit/build.ts'

const page = readFileSync(join(root, 'docs', 'ims-protocol.md'), 'utf8')

test('the page has every path that is requested, every environment, and no unknown method', () => {
  const folder = join(root, 'src', 'core', 'ims', 'endpoints')
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
  const paths = files.flatMap((text) => [...text.matchAll(/'(\/ims\/[^']+)'/g)].map(([, path = '']) => path))
  expect(paths.length).toBeGreaterThanOrEqual(files.length)
  const asked = [...paths, ...Object.values(endpoints)]
  expect(asked.filter((path) => !page.includes(path))).toEqual([])
  const methods = [...page.matchAll(/`Ims\.(\w+)/g)].map(([, name = '']) => name)
  const ims = new Ims()
  expect(methods.filter((name) => !(name in ims) && !(name in Ims))).toEqual([])
})
