import { describe, expect, test } from 'vitest'
import { findings, load } from './kit.ts'

describe('.env', () => {
  const env = 'CLIENT_ID=1\nAIO_IMS_CONTEXTS_A=2\n\n# OLD=1\nexport XDG_CONFIG_HOME = /x\n'

  test('sets the path of the global file: ignored', async () => {
    expect(await findings({ '.env': env, 'a.js': load })).toMatchObject([
      { file: '.env', line: 5, level: 'change', rows: ['dotenv-places'] },
    ])
    expect(await findings({ '.env': env, 'a.js': 'f()' })).toEqual([])
  })

  test('sets a variable that the code reads, in a file with or without imskit', async () => {
    const read =
      'const a = process.env.CLIENT_ID, { CLIENT_ID: b } = process.env, c = process.env.OTHER, d = process.env.AIO_IMS_CONTEXTS_A'
    const found = (await findings({ '.env': env, 'a.js': load, 'b.ts': read })).filter(({ file }) => file === 'b.ts')
    expect(found).toMatchObject([
      { column: 11, rows: ['dotenv-env'] },
      { column: 36, rows: ['dotenv-env'] },
    ])
  })

  test.each([
    { 'c.js': `require('dotenv').config()` },
    { 'c.mjs': `import 'dotenv/config'` },
    { 'package.json': '{ "scripts": { "start": "node --env-file=.env a.js" } }' },
  ])('is copied by the program itself: no finding in %o', async (more) => {
    const found = await findings({ '.env': 'CLIENT_ID=1', 'a.js': `${load}\nprocess.env.CLIENT_ID`, ...more })
    expect(found).toEqual([])
  })
})
