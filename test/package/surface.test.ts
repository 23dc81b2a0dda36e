import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { apiReports, entries, fileList, packed } from '../../scripts/api/report.mjs'
import { build, root } from '../kit/build.ts'
import { folderOfFile } from '../kit/folder.ts'
import { pack } from '../kit/packed.ts'
import { entryNames } from './entry-names.ts'

// the public surface of the package; `npm run api` rewrites the reports, so that reviews show the difference

const place = folderOfFile()
let tarball: string

beforeAll(async () => {
  await build()
  tarball = join(place, (await pack(root, place)).filename)
}, 300_000)

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const bin = (path: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [join(root, 'node_modules', path), ...args], { cwd: root }).then(
    () => '',
    ({ code, stdout, stderr }: { code: unknown; stdout: string; stderr: string }) => `exit ${code}\n${stdout}${stderr}`,
  )

describe('the public surface', () => {
  test('is the one in api/', { timeout: 120_000 }, () => {
    const reports = apiReports() as Record<string, string>
    expect(Object.keys(reports)).toEqual(entryNames)
    expect(entries()).toEqual(Object.keys(reports))
    for (const [entry, report] of Object.entries(reports)) expect(report, entry).toBe(read(`api/${entry}.txt`))
  })
})

describe('the tarball', () => {
  test('holds what is meant', async () => {
    expect(await fileList()).toBe(read('api/files.txt'))
  })

  test('is no larger than it was', async () => {
    const { size, unpackedSize } = await packed()
    expect(size).toBeLessThanOrEqual(1_000_000)
    expect(unpackedSize).toBeLessThanOrEqual(3_500_000)
  })

  test('says the digests of the files for a script tag', () => {
    const listed = JSON.parse(read('dist/sri.json')) as Record<string, string>
    expect(Object.keys(listed).sort()).toEqual(['imskit.global.js', 'imskit.js', 'imskit.login.js'])
    for (const [name, integrity] of Object.entries(listed)) {
      const digest = createHash('sha384')
        .update(read(`dist/${name}`))
        .digest('base64')
      expect(integrity).toBe(`sha384-${digest}`)
    }
  })
})

describe('the judges of packages', () => {
  test('publint has nothing to say', { timeout: 120_000 }, async () => {
    expect(await bin('publint/src/cli.js', tarball, '--strict')).toBe('')
  })

  test('attw has nothing to say', { timeout: 120_000 }, async () => {
    expect(await bin('@arethetypeswrong/cli/dist/index.js', tarball)).toBe('')
  })
})
