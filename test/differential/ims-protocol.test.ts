import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endpoints } from '../../src/core/ims/environment.ts'
import { paths } from '../../src/core/ims/paths.ts'
import { Ims } from '../../src/core/index.ts'
import { root } from '../kit/build.ts'

const page = readFileSync(join(root, 'docs', 'ims-protocol.md'), 'utf8')

test('the page has every path that is asked for, every environment, and no method that is not there', () => {
  const asked = [...Object.values(paths), '/ims/exchange/jwt', ...Object.values(endpoints)]
  expect(asked.filter((path) => !page.includes(path))).toEqual([])
  const methods = [...page.matchAll(/`Ims\.(\w+)/g)].map(([, name = '']) => name)
  const ims = new Ims()
  expect(methods.filter((name) => !(name in ims) && !(name in Ims))).toEqual([])
})
