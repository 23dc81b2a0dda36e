import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { columns } from './table.mjs'

const start = '<!-- figures: npm run bench -->'
const end = '<!-- end of figures -->'

/** Where and on what a run was made. */
export function circumstances(root) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const [{ model = 'unknown' } = {}, ...others] = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    commit:
      git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', 'src') === '' ? '' : ' with changes'),
    machine: `${others.length + 1} × ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${type()} ${release()}, Node ${process.versions.node}`,
    load: loadavg()[0].toFixed(1),
  }
}

/** The text of a run for the page. */
export function figuresText(rows, { date, commit, machine, system, load }) {
  const names = Object.keys(columns)
  const line = (cells) => `| ${cells.join(' | ')} |`
  const cell = (value) => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value ?? ''))
  return [
    `Measured on ${date} at commit \`${commit}\`, on ${machine}, ${system}. The load average of the machine was ${load} at the start: compare ratios, not times.`,
    '',
    line(Object.values(columns)),
    line(names.map(() => '---')),
    ...rows.map((row) => line(names.map((name) => cell(row[name])))),
  ].join('\n')
}

/** `page` with other figures. */
export function withFigures(page, figures) {
  const [before, rest] = page.split(start)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`the page has no ${start} with an ${end}`)
  return `${before}${start}\n\n${figures}\n\n${end}${after}`
}

/** Writes the figures of a whole run into docs/benchmarks.md. */
export function writeFigures(file, rows, where) {
  writeFileSync(file, withFigures(readFileSync(file, 'utf8'), figuresText(rows, where)))
}
