import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
// @ts-expect-error plain JavaScript, which `npm run audit` shares
import { bundledPackages } from '../../scripts/audit.mjs'
import { build, root } from '../kit/build.ts'

// what the package contains of others: named, licensed, and known to `npm audit`

beforeAll(build, 300_000)

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const manifestOf = (name: string) =>
  JSON.parse(read(`node_modules/${name}/package.json`)) as { version: string; license: string }

/** The packages that are contained, each recognized by a text that only it has. */
const markers: Readonly<Record<string, RegExp>> = {
  '@babel/parser': /BABEL_PARSER_SYNTAX_ERROR/,
  '@peculiar/asn1-schema': /Cannot get schema for/,
  '@peculiar/asn1-x509': /Invalid IPv6 prefix length/,
  '@peculiar/utils': /Hex separators must be non-empty/,
  asn1js: /EndOfContentValueBlock/,
  hjson: /Hjson|hjson/,
  'idb-keyval': /createObjectStore|objectStore\(/,
  'js-yaml': /tag:yaml\.org,2002:/,
  jose: /ERR_JWS_INVALID/,
  oauth4webapi: /OAUTH_/,
  pvtsutils: /Argument 'hexString' is not HEX encoded/,
  pvutils: /Wrong parameter: inputOffset less than zero/,
  tslib: /Reflect\.decorate/,
}

/** The packages whose modules the source maps of the files for script tags list. */
function inScriptTags(): string[] {
  const found = ['imskit.js', 'imskit.login.js', 'imskit.global.js'].flatMap((name) =>
    (JSON.parse(read(`dist/${name}.map`)) as { sources: string[] }).sources.map(
      (source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1],
    ),
  )
  return [...new Set(found.filter((name) => name !== undefined))].sort()
}

test('the notices and the bill of materials name the same packages, in the versions that were built in', () => {
  const notices = read('dist/THIRD_PARTY_NOTICES')
  const named = [...notices.matchAll(/^([\w@/-]+) (\d+\.\d+\.\d+)$/gm)].map(([, name, version]) => `${name}@${version}`)
  const listed = (bundledPackages(root) as { name: string; version: string }[]).map(
    ({ name, version }) => `${name}@${version}`,
  )
  const contained = Object.keys(markers).map((name) => `${name}@${manifestOf(name).version}`)
  expect(named.sort()).toEqual(contained.sort())
  expect(listed.sort()).toEqual(contained.sort())
})

test('each is in the files, and nothing is in those for script tags that is not named', () => {
  const { size } = new Set(Object.keys(markers))
  const files = readdirSync(join(root, 'dist', 'node'), { recursive: true, encoding: 'utf8' })
  const all = files
    .filter((name) => name.endsWith('.cjs'))
    .map((name) => read(`dist/node/${name}`))
    .join('\n')
  const found = Object.entries(markers).filter(([, marker]) => marker.test(all))
  expect(found).toHaveLength(size)
  expect(Object.keys(markers)).toEqual(expect.arrayContaining(inScriptTags()))
  expect(inScriptTags()).toEqual(['idb-keyval', 'jose', 'oauth4webapi'])
})

test('each notice has the text of its license', () => {
  const notices = read('dist/THIRD_PARTY_NOTICES')
  for (const name of Object.keys(markers)) {
    const [, part = ''] = notices.split(new RegExp(`^${name} \\d.*$`, 'm'))
    const own = part.split('-'.repeat(80))[0] ?? ''
    expect(own, name).toContain(manifestOf(name).license)
    expect(own, name).toMatch(
      /Permission is hereby granted|Apache License|Redistribution and use in source|Permission to use, copy/,
    )
  }
})

test('the bill of materials is CycloneDX, of this package, the same for the same input', () => {
  const bom = JSON.parse(read('dist/bom.cdx.json'))
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component: { name: 'imskit' } } })
  expect(bom.metadata.timestamp).toBeUndefined()
  for (const { purl } of bom.components) expect(purl).toMatch(/^pkg:npm\/[\w@%/-]+@\d+\.\d+\.\d+/)
})
