import { beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../kit/build.ts'
import { project, read, version, write } from './kit.ts'

beforeAll(() => build())

describe('package.json', () => {
  const manifest = async (text: string) => {
    const shell = project({ 'package.json': text })
    const { findings } = await write(shell)
    const after = read(shell, 'package.json')
    expect(() => JSON.parse(after.replace('\uFEFF', ''))).not.toThrow()
    return { after, findings }
  }

  test.each([
    [
      'exact',
      '{ "dependencies": { "@adobe/aio-lib-ims": "8.1.2" } }',
      `{ "dependencies": { "imskit": "${version}" } }`,
    ],
    ['tilde', '{"dependencies":{"@adobe/aio-lib-ims":"~8.1.2"}}', `{"dependencies":{"imskit":"~${version}"}}`],
    [
      'any other range',
      '{"devDependencies":{"@adobe/aio-lib-ims":"7 || 8"}}',
      `{"devDependencies":{"imskit":"^${version}"}}`,
    ],
    [
      'tabs, CRLF and a byte order mark',
      '\uFEFF{\r\n\t"dependencies": {\r\n\t\t"@adobe/aio-lib-ims": "^8",\r\n\t\t"a": "1"\r\n\t}\r\n}\r\n',
      `\uFEFF{\r\n\t"dependencies": {\r\n\t\t"imskit": "^${version}",\r\n\t\t"a": "1"\r\n\t}\r\n}\r\n`,
    ],
    [
      'the plug-ins at the end',
      '{\n  "dependencies": {\n    "a": "1",\n    "@adobe/aio-lib-ims": "^8",\n    "@adobe/aio-lib-ims-jwt": "^5",\n    "@adobe/aio-lib-ims-oauth": "^6"\n  }\n}',
      `{\n  "dependencies": {\n    "a": "1",\n    "imskit": "^${version}"\n  }\n}`,
    ],
    [
      'the plug-ins at the start',
      '{\n  "dependencies": {\n    "@adobe/aio-lib-ims-jwt": "^5",\n    "@adobe/aio-lib-ims-oauth": "^6",\n    "imskit": "1",\n    "b": "2"\n  }\n}',
      '{\n  "dependencies": {\n    "imskit": "1",\n    "b": "2"\n  }\n}',
    ],
    [
      'imskit in another map',
      '{\n  "dependencies": { "imskit": "1" },\n  "devDependencies": {\n    "@adobe/aio-lib-ims": "8"\n  }\n}',
      '{\n  "dependencies": { "imskit": "1" },\n  "devDependencies": {}\n}',
    ],
    [
      'peers that are development dependencies as well',
      '{"peerDependencies":{"@adobe/aio-lib-ims":">=7"},"peerDependenciesMeta":{"@adobe/aio-lib-ims":{"optional":true}},"devDependencies":{"@adobe/aio-lib-ims":"8.1.2"}}',
      `{"peerDependencies":{"imskit":"^${version}"},"peerDependenciesMeta":{"imskit":{"optional":true}},"devDependencies":{"imskit":"${version}"}}`,
    ],
  ])('%s', async (_, before, after) => {
    expect((await manifest(before)).after).toBe(after)
    expect((await manifest(after)).after).toBe(after)
  })

  test('a URL with a password is replaced by a version, and not printed', async () => {
    const url = 'git+https://user:hunter2@git.example/aio-lib-ims.git'
    const shell = project({ 'package.json': JSON.stringify({ dependencies: { '@adobe/aio-lib-ims': url } }) })
    for (const words of [['migrate'], ['migrate', '--json'], ['migrate', '--write', '--verbose']]) {
      const { stdout, stderr } = await shell.run(words)
      expect(stdout + stderr).toContain('(a URL)')
      expect(stdout + stderr).not.toContain('hunter2')
    }
    expect(JSON.parse(read(shell, 'package.json'))).toEqual({ dependencies: { imskit: `^${version}` } })
  })

  test('other texts that name a replaced package are listed', async () => {
    const { after, findings } = await manifest(`{
      "dependencies": { "@adobe/aio-lib-core-auth": "1.0.0" },
      "overrides": {
        "@adobe/aio-lib-ims": "npm:imskit@1.0.0",
        "a": { "@adobe/aio-lib-ims": "$@adobe/aio-lib-ims" },
        "@adobe/aio-lib-ims-oauth": "6"
      },
      "bundleDependencies": ["@adobe/aio-lib-ims"],
      "jest": { "moduleNameMapper": { "^@adobe/aio-lib-ims$": "<rootDir>/mock" } }
    }`)
    expect(after).toContain('"@adobe/aio-lib-core-auth": "1.0.0"')
    expect(findings.map(({ line, level }) => [line, level])).toEqual([
      [2, 'change'],
      [5, 'change'],
      [6, 'check'],
      [8, 'check'],
      [9, 'check'],
    ])
  })
})
