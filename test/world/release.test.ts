import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, chmodSync, constants, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import yaml from 'js-yaml'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { root } from '../kit/build.ts'
import { folderOfFile, newFolder } from '../kit/folder.ts'

// the commands of .github/workflows/release.yml, run here in their order; npm publishes nothing with `dry-run`, and gh is
// a program that lists the files that it was given

interface Step {
  readonly name?: string
  readonly run?: string
  readonly uses?: string
  readonly with?: Readonly<Record<string, string>>
}
interface Job {
  readonly needs?: string
  readonly environment?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

const text = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')
const workflow = yaml.load(text) as {
  readonly permissions: object
  readonly jobs: { readonly build: Job; readonly publish: Job }
}
const { build, publish } = workflow.jobs
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const commandOf = (job: Job, pattern: RegExp): string => {
  const [found, ...more] = job.steps.flatMap(({ run }) => (run !== undefined && pattern.test(run) ? [run] : []))
  expect(more).toEqual([])
  return found ?? ''
}

/** Runs a step as the runner does. */
function runStep(command: string, cwd: string, env: Record<string, string> = {}) {
  const given = { ...process.env, GITHUB_REF_NAME: `v${manifest.version}`, ...env }
  return spawnSync('bash', ['-e', '-o', 'pipefail', '-c', command], { cwd, env: given, encoding: 'utf8' })
}

describe('a tag is released only if', () => {
  const check = commandOf(build, /GITHUB_REF_NAME/)
  const checkWith = (changelog: string, env = {}) => {
    const folder = newFolder()
    cpSync(join(root, 'package.json'), join(folder, 'package.json'))
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog)
    return runStep(check, folder, env).status
  }
  const released = `# Changelog\n\n## [${manifest.version}] - 2026-12-01\n`

  test('it is the version of package.json, and the changelog has it', () => {
    expect(checkWith(released)).toBe(0)
    expect(checkWith(released, { GITHUB_REF_NAME: 'v9.9.9' })).not.toBe(0)
    expect(checkWith('# Changelog\n\n## [Unreleased]\n')).not.toBe(0)
  })

  test('everything that CI runs passes first', () => {
    const commands = build.steps.flatMap(({ run }) => run ?? [])
    expect(commands.indexOf('./.ci/run')).toBeGreaterThan(commands.indexOf(check))
    expect(commands.indexOf('npm pack')).toBeGreaterThan(commands.indexOf('./.ci/run'))
    expect(publish.needs).toBe('build')
    accessSync(join(root, '.ci/run'), constants.X_OK)
  })
})

describe('the release', () => {
  const workspace = folderOfFile()
  const tarball = () => basename(inject('tarball'))

  beforeAll(() => {
    // what `npm pack` leaves in a clone
    cpSync(inject('tarball'), join(workspace, tarball()))
    mkdirSync(join(workspace, 'dist'))
    for (const name of ['bom.cdx.json', 'THIRD_PARTY_NOTICES'])
      cpSync(join(root, 'dist', name), join(workspace, 'dist', name))
    expect(runStep(commandOf(build, /^sha256sum/), workspace).status).toBe(0)
  })

  /** The folder of the job that publishes: what the build uploaded, and nothing else. */
  function downloaded(): string {
    const folder = newFolder()
    const upload = build.steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'))
    for (const pattern of upload?.with?.path?.trim().split('\n') ?? []) {
      const listed = execFileSync('bash', ['-c', `ls -d ${pattern}`], { cwd: workspace, encoding: 'utf8' })
      for (const name of listed.trim().split('\n'))
        cpSync(join(workspace, name), join(folder, name), { recursive: true })
    }
    return folder
  }

  test('publishes the package with provenance, and refuses one that was changed on the way', () => {
    const folder = downloaded()
    const command = commandOf(publish, /^npm publish/)
    expect(command).toMatch(/--provenance\b.*--access public/)
    const check = commandOf(publish, /^sha256sum --check/)
    expect(runStep(check, folder).status).toBe(0)
    const dry = runStep(command, folder, { npm_config_dry_run: 'true', npm_config_json: 'true', HOME: newFolder() })
    expect(dry.status, dry.stderr).toBe(0)
    // some versions of npm list it under its name
    const { [manifest.name]: own, ...published } = JSON.parse(dry.stdout)
    expect(own ?? published).toMatchObject({ name: manifest.name, version: manifest.version })
    writeFileSync(join(folder, tarball()), 'changed')
    expect(runStep(check, folder).status).not.toBe(0)
  })

  test('has the package, its bill of materials, its notices and their checksums', () => {
    const folder = downloaded()
    const programs = newFolder()
    writeFileSync(
      join(programs, 'gh'),
      '#!/bin/sh\nfor each in "$@"; do case $each in -*) ;; *) ls -d "$each";; esac; done',
    )
    chmodSync(join(programs, 'gh'), 0o755)
    const command = commandOf(publish, /^gh release create/).replace('release create "$GITHUB_REF_NAME" ', '')
    const { status, stdout, stderr } = runStep(command, folder, { PATH: `${programs}${delimiter}${process.env.PATH}` })
    expect(status, stderr).toBe(0)
    const attached = [tarball(), 'dist/bom.cdx.json', 'dist/THIRD_PARTY_NOTICES', 'SHA256SUMS']
    expect(stdout.trim().split('\n')).toEqual(attached)
    const bom = JSON.parse(readFileSync(join(folder, 'dist/bom.cdx.json'), 'utf8'))
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: manifest.name } } })
    const listed = execFileSync('tar', ['-tzf', join(folder, tarball())], { encoding: 'utf8' })
    expect(listed).toContain('package/dist/bom.cdx.json')
  })
})

test('only the job that publishes may sign or write, and no step uses a token of npm', () => {
  expect(workflow.permissions).toEqual({ contents: 'read' })
  expect(build.permissions).toBeUndefined()
  expect(publish.permissions).toEqual({ 'id-token': 'write', contents: 'write' })
  expect(publish.environment).toBe('npm')
  expect(text).not.toMatch(/secrets\.|NPM_TOKEN|NODE_AUTH_TOKEN/)
  for (const { uses } of [...build.steps, ...publish.steps])
    if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
})
