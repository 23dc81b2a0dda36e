import { createRequire } from 'node:module'
import { afterEach, expect, test } from 'vitest'
import * as deep from '../../src/adapters/node/context.ts'
import { context } from '../../src/adapters/node/index.ts'

const old = createRequire(import.meta.url)('@adobe/aio-lib-ims/src/context.js')

afterEach(() => {
  delete process.env.__OW_ACTION_NAME
  deep.resetContext()
})

test('the deep path has the names and constants of @adobe/aio-lib-ims', () => {
  expect(Object.keys(deep).sort()).toEqual(Object.keys(old).sort())
  const constants = Object.entries(old).filter(([, value]) => typeof value === 'string')
  expect(constants).toHaveLength(7)
  expect(deep).toMatchObject(Object.fromEntries(constants))
})

test('getContext is the context of the entry', () => {
  expect(deep.getContext()).toBe(context)
})

test('resetContext: the next use detects the kind of process again', async () => {
  process.env.__OW_ACTION_NAME = 'action'
  await deep.getContext().set('mine', { client_id: 'a' })
  expect(await deep.getContext().keys()).toEqual(['mine'])
  deep.resetContext()
  expect(await deep.getContext().keys()).toEqual([])
})
