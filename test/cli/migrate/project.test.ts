import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { MigrationOutcome } from '../../../src/adapters/node/cli/migrate/project.ts'
import { build } from '../../kit/build.ts'
import { newShell } from '../command.ts'
import { project, read, write } from './kit.ts'

beforeAll(() => build())

describe('the files of a project', () => {
  test('a dry run writes nothing; --write applies the same edits; a second run changes nothing', async () => {
    const text = `const { getToken } = require('@adobe/aio-lib-ims')\n`
    const shell = project({ 'src/a.js': text })
    const dry = await shell.json<MigrationOutcome & { written: boolean }>(['migrate'])
    expect(dry).toMatchObject({
      written: false,
      changed: [{ file: 'src/a.js', edits: [{ line: 1, from: '@adobe/aio-lib-ims', to: 'imskit' }] }],
    })
    expect(read(shell, 'src/a.js')).toBe(text)
    const { stdout } = await shell.run(['migrate'])
    expect(stdout).toContain('src/a.js\n  1  @adobe/aio-lib-ims -> imskit\n')
    expect(stdout).toContain('1 file would change, nothing was written.')
    expect(await write(shell)).toMatchObject({ written: true, changed: dry.changed })
    const path = join(shell.place.cwd, 'src/a.js')
    const before = statSync(path)
    expect(await write(shell)).toMatchObject({ changed: [], leftAlone: [] })
    expect(statSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
    expect(readdirSync(join(shell.place.cwd, 'src'))).toEqual(['a.js'])
  })

  test('installed packages and output of builds are skipped, and skipped folders are listed', async () => {
    const text = `require('@adobe/aio-lib-ims')`
    const names = [
      'node_modules/a/a.js',
      '.git/hooks/a.js',
      'dist/a.js',
      'packages/b/build/a.js',
      'packages/b/node_modules/a.js',
    ]
    const shell = project({ ...Object.fromEntries(names.map((name) => [name, text])), 'packages/b/a.js': text })
    const { changed, skipped } = await write(shell)
    expect(changed.map(({ file }) => file)).toEqual(['packages/b/a.js'])
    expect(skipped).toEqual(['dist', 'packages/b/build'])
    for (const name of names) expect(read(shell, name)).toBe(text)
    expect(await shell.json(['migrate', 'dist'])).toMatchObject({ changed: [{ file: 'a.js' }] })
  })

  test.skipIf(process.platform === 'win32')('symbolic links are not followed', async () => {
    const text = `require('@adobe/aio-lib-ims')`
    const shell = project({ 'a.js': text, '../outside/b.js': text })
    symlinkSync(join(shell.place.cwd, '../outside'), join(shell.place.cwd, 'folder'))
    symlinkSync(join(shell.place.cwd, '../outside/b.js'), join(shell.place.cwd, 'b.js'))
    symlinkSync('.', join(shell.place.cwd, 'loop'))
    symlinkSync('nowhere', join(shell.place.cwd, 'dangling.js'))
    expect(await write(shell)).toMatchObject({ changed: [{ file: 'a.js' }], leftAlone: [] })
    expect(read(shell, '../outside/b.js')).toBe(text)
    expect(lstatSync(join(shell.place.cwd, 'b.js')).isSymbolicLink()).toBe(true)
  })

  test.skipIf(process.platform === 'win32')(
    'the mode of a file is preserved; a read-only file is left alone',
    async () => {
      const text = `require('@adobe/aio-lib-ims')`
      const shell = project({ 'a.js': text, 'b.js': text })
      const path = (name: string) => join(shell.place.cwd, name)
      chmodSync(path('a.js'), 0o754)
      chmodSync(path('b.js'), 0o444)
      linkSync(path('a.js'), path('../same'))
      const { leftAlone } = await write(shell, 1)
      expect(leftAlone).toEqual([{ file: 'b.js', reason: 'is read-only' }])
      expect(statSync(path('a.js')).mode & 0o777).toBe(0o754)
      expect(read(shell, 'b.js')).toBe(text)
      // the file is replaced in one step, not overwritten
      expect(read(shell, '../same')).toBe(text)
    },
  )

  test('files that cannot be parsed or are not UTF-8 are listed and left alone', async () => {
    const files = {
      'broken.js': `const = require('@adobe/aio-lib-ims')`,
      'semicolon.js': `let a = 1 b = require('@adobe/aio-lib-ims')`,
      'broken.ts': `const a: = require('@adobe/aio-lib-ims')`,
      'latin.js': Buffer.from(`require('@adobe/aio-lib-ims') // \xe4`, 'latin1'),
      'package.json': '{ "dependencies": { "@adobe/aio-lib-ims": "1", } }',
      'nested.js': `require('@adobe/aio-lib-ims'); ${'['.repeat(200_000)}`,
      'unrelated.js': 'const = 1',
      'good.js': `require('@adobe/aio-lib-ims')`,
    }
    const shell = project(files)
    const dry = await shell.json<MigrationOutcome>(['migrate'])
    const { changed, leftAlone } = await write(shell, 1)
    expect(changed.map(({ file }) => file)).toEqual(['good.js'])
    expect(leftAlone).toEqual(dry.leftAlone)
    expect(Object.fromEntries(leftAlone.map(({ file, reason }) => [file, reason]))).toEqual({
      'broken.js': expect.stringMatching(/^cannot be parsed: .*\(1:6\)/),
      'broken.ts': expect.stringMatching(/^cannot be parsed: /),
      'latin.js': 'is not UTF-8',
      'nested.js': 'cannot be parsed: the code is nested too deeply',
      'semicolon.js': expect.stringMatching(/^cannot be parsed: Missing semicolon/),
      'package.json': expect.stringMatching(/^cannot be parsed: /),
    })
    for (const [name, content] of Object.entries(files))
      if (name !== 'good.js') expect(readFileSync(join(shell.place.cwd, name))).toEqual(Buffer.from(content))
  })

  test('a text without an ending is ignored; a program that is too large is listed', async () => {
    const text = `require('@adobe/aio-lib-ims')\n`
    const shell = project({ NOTES: text, 'bin/tool': `#!/bin/sh\n${text}`, 'large.js': text + ' '.repeat(5_000_000) })
    const { changed, leftAlone } = await write(shell, 1)
    expect(changed).toEqual([])
    expect(leftAlone).toEqual([{ file: 'large.js', reason: 'cannot be read (larger than 5 MB)' }])
    expect(read(shell, 'NOTES')).toBe(text)
  })

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'unreadable files and folders are listed',
    async () => {
      const shell = project({ 'a.js': 'f()', 'b/c.js': 'f()' })
      chmodSync(join(shell.place.cwd, 'a.js'), 0)
      chmodSync(join(shell.place.cwd, 'b'), 0)
      const { leftAlone } = await write(shell, 1)
      chmodSync(join(shell.place.cwd, 'b'), 0o700)
      expect(leftAlone).toEqual(['a.js', 'b'].map((file) => ({ file, reason: 'cannot be read (EACCES)' })))
    },
  )

  test('a folder that does not exist is wrong usage', async () => {
    const shell = newShell()
    expect(await shell.run(['migrate', 'nowhere'])).toMatchObject({ code: 2, stdout: '' })
    writeFileSync(join(shell.place.cwd, 'file'), '')
    expect((await shell.run(['migrate', 'file'])).code).toBe(2)
    expect(existsSync(join(shell.place.cwd, 'nowhere'))).toBe(false)
  })

  test('without a use of the replaced packages, nothing is rewritten', async () => {
    expect(await project({ 'a.js': 'f()' }).run(['migrate', '--write'])).toMatchObject({
      code: 0,
      stdout: 'Nothing to rewrite.\n',
    })
  })
})
