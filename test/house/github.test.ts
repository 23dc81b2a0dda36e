import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { readText, root } from './sources.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
}
interface Job {
  readonly needs?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}
interface Form {
  readonly name: string
  readonly description: string
  readonly body: readonly { readonly type: string; readonly id?: string; readonly attributes: { label?: string } }[]
}

const workflows = readdirSync(join(root, '.github/workflows'))
const workflow = (name: string) => load(readText(`.github/workflows/${name}`)) as Workflow
const commands = ({ steps }: Job) => steps.map(({ run = '' }) => run)

describe('the workflows', () => {
  test('run what .ci/run runs', () => {
    expect(statSync(join(root, '.ci/run')).mode & 0o111).not.toBe(0)
    expect(Object.values(workflow('ci.yml').jobs).flatMap(commands)).toContain('./.ci/run')
    expect(commands(workflow('release.yml').jobs.build as Job)).toContain('./.ci/run')
  })

  test('run scripts that exist', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }
    const named = workflows
      .map((name) => readText(`.github/workflows/${name}`))
      .flatMap((text) => [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script))
    expect(named.filter((script) => !(script in scripts))).toEqual([])
  })

  test('can only read, except the job that publishes', () => {
    for (const name of workflows) {
      const { permissions, jobs } = workflow(name)
      expect(permissions, name).toEqual({ contents: 'read' })
      const more = Object.entries(jobs).filter(([, job]) => job.permissions !== undefined)
      expect(more.map(([job]) => `${name} ${job}`)).toEqual(name === 'release.yml' ? ['release.yml publish'] : [])
    }
  })

  test('publish with provenance what was tested, and the bill of materials with it', () => {
    const { build, publish } = workflow('release.yml').jobs as { build: Job; publish: Job }
    expect(publish.needs).toBe('build')
    expect(publish.permissions).toEqual({ 'id-token': 'write', contents: 'write' })
    expect(commands(publish).join('\n')).toMatch(/npm publish imskit-\*\.tgz --provenance/)
    expect(commands(publish).join('\n')).toContain('dist/bom.cdx.json')
    // the job that can publish runs no code of dependencies: it takes the package that the other job made
    expect(commands(publish).filter((run) => /npm (?:ci|install|run)/.test(run))).toEqual([])
    expect(commands(build)).toContain('npm pack')
  })

  test('use actions by the digest of their commit, which cannot be moved', () => {
    const used = workflows.flatMap((name) => Object.values(workflow(name).jobs).flatMap(({ steps }) => steps))
    const actions = used.flatMap(({ uses }) => (uses === undefined ? [] : [uses]))
    expect(actions.length).toBeGreaterThan(4)
    expect(actions.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([])
  })

  test('hold no secret but the token of the run', () => {
    for (const name of workflows) expect(readText(`.github/workflows/${name}`), name).not.toMatch(/secrets\./)
  })
})

describe('the issue forms', () => {
  const forms = readdirSync(join(root, '.github/ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml')

  test.each(forms)('%s has a name, a description, and a label for each question', (name) => {
    const form = load(readText(`.github/ISSUE_TEMPLATE/${name}`)) as Form
    expect(form).toEqual(expect.objectContaining({ name: expect.any(String), description: expect.any(String) }))
    const questions = form.body.filter(({ type }) => type !== 'markdown')
    expect(questions.length).toBeGreaterThan(2)
    expect(questions.filter(({ id, attributes }) => !id || !attributes.label)).toEqual([])
    expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length)
  })

  test('send vulnerabilities to SECURITY.md', () => {
    expect(readText('.github/ISSUE_TEMPLATE/bug.yml')).toContain('SECURITY.md')
    expect(existsSync(join(root, 'SECURITY.md'))).toBe(true)
  })
})

test('.editorconfig agrees with the formatter', () => {
  const { formatter } = JSON.parse(readText('biome.json')) as { formatter: { indentWidth: number; lineWidth: number } }
  const settings = readText('.editorconfig')
  expect(settings).toContain(`indent_size = ${formatter.indentWidth}\n`)
  expect(settings).toContain(`max_line_length = ${formatter.lineWidth}\n`)
})
