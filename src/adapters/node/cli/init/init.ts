import { existsSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../../../../core/errors.ts'
import { parseObject } from '../../../../core/json.ts'
import { printable } from '../../printable.ts'
import { type Run, UsageError } from '../command.ts'
import { printResult } from '../output.ts'
import { optionText } from '../parse.ts'
import { type Applied, applyChanges, type FileChange } from './apply.ts'
import { type Program, programFor } from './programs.ts'
import { type Project, projectIn, textIn } from './project.ts'
import { type ProjectKind, projectKinds } from './project-kinds.ts'
import { ignoring, settingsText } from './settings.ts'

const script = 'dev:ims'

/** `imskit init`. */
export const initCommand: Run = async ({ args, values }) => {
  const folder = folderAt(args[0] ?? '.')
  const project = projectIn(folder, kindOf(optionText(values, 'kind')))
  const program = programFor(project, existsSync(join(folder, 'src')))
  const dryRun = values['dry-run'] === true
  const force = values.force === true
  const applied = await applyChanges(folder, changesFor(project, program, force), { force, dryRun })
  const next = [
    ...(project.hasImskit ? [] : [`Install imskit: ${project.install}`]),
    ...program.next,
    `Start it with the emulator: npm run ${script}`,
    'Use a real credential: download its JSON from the Adobe Developer Console, and run: imskit link <file>',
  ]
  printResult({ kind: project.kind, dryRun, ...applied, next }, values.json, () =>
    [...listed(applied, dryRun), '', ...next.map((line, index) => `${index + 1}. ${line}`)].join('\n'),
  )
  return 0
}

/** The folder that an argument names. */
export function folderAt(name: string): string {
  // the message does not repeat the argument, which may be a secret in the wrong position
  if (!statSync(name, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError('The folder does not exist. Pass the folder of a project.')
  return realpathSync(name)
}

function kindOf(text: string | undefined): ProjectKind | undefined {
  const kind = projectKinds.find((each) => each === text)
  if (text !== undefined && kind === undefined)
    throw new UsageError(`The option --kind must be one of ${projectKinds.join(', ')}.`)
  return kind
}

function changesFor(project: Project, program: Program, force: boolean): FileChange[] {
  const { folder } = project
  const { files, settings, prefix, values, secret, start } = program
  const ignored = secret ? ignoring(textIn(folder, '.gitignore'), settings) : undefined
  return [
    ...Object.entries(files).map(([name, content]) => ({ name, content })),
    { name: settings, content: settingsText(settings, prefix, values), secret },
    { name: 'package.json', content: withScript(project.manifest, start, force), merged: true },
    ...(ignored === undefined ? [] : [{ name: '.gitignore', content: ignored, merged: true }]),
  ]
}

/** `package.json` with the script, and otherwise as it was; a new one if the folder has none. */
function withScript(manifest: string | undefined, start: string, force: boolean): string {
  if (manifest === undefined)
    return `${JSON.stringify({ private: true, type: 'module', scripts: { [script]: start } }, null, 2)}\n`
  const tree = parseObject(manifest.replace(/^\uFEFF/, '')) ?? {}
  const { scripts } = tree as { scripts?: Record<string, string> }
  const before = scripts?.[script]
  if (before === start) return manifest
  if (before !== undefined && !force)
    throw new ConfigurationError(
      'BAD_OPTION',
      `package.json has another script ${script}, so imskit wrote nothing. Rename it, or pass --force to replace it.`,
    )
  const indent = /^[{]\s*?\n([ \t]+)/.exec(manifest)?.[1] ?? '  '
  const text = JSON.stringify({ ...tree, scripts: { ...scripts, [script]: start } }, null, indent)
  return (/\n$/.test(manifest) ? `${text}\n` : text).replaceAll('\n', manifest.includes('\r\n') ? '\r\n' : '\n')
}

/** What was written, a line for each file. */
export function listed({ created, changed, unchanged }: Applied, dryRun: boolean): string[] {
  const would = dryRun ? 'would be ' : ''
  return [
    ...created.map((name) => `${would}created: ${printable(name)}`),
    ...changed.map((name) => `${would}changed: ${printable(name)}`),
    ...unchanged.map((name) => `unchanged: ${printable(name)}`),
  ]
}
