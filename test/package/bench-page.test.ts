import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
// @ts-expect-error a script without types
import { circumstances, figuresText, withFigures } from '../../bench/page.mjs'
import { root } from '../kit/build.ts'

const page = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8')

describe('the figures of npm run bench', () => {
  const where = {
    date: '2026-01-02',
    commit: 'abc',
    machine: '2 × CPU, 8 GB',
    system: 'Linux 6, Node 22.1.0',
    load: '0.1',
  }
  const rows = [{ figure: 'getToken', ours: '50 ns', floor: '40 ns', ratio: '1.25x', target: 'at most 2x', met: true }]

  test('are a table with its commit and machine, and replace the figures before', () => {
    const figures = figuresText(rows, where)
    expect(figures).toMatch(/2026-01-02 at commit `abc`, on 2 × CPU, 8 GB, Linux 6, Node 22\.1\.0/)
    expect(figures).toContain('| getToken | 50 ns | 40 ns | 1.25x |  |  | at most 2x | yes |')
    const once = withFigures(page, 'old figures')
    expect(withFigures(once, figures)).toContain(figures)
    expect(withFigures(once, figures)).not.toContain('old figures')
    expect(withFigures(withFigures(page, figures), figures)).toBe(withFigures(page, figures))
  })

  test('name what they were measured on', () => {
    expect(circumstances(root)).toEqual({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      commit: expect.stringMatching(/^[0-9a-f]{12}( with changes)?$/),
      machine: expect.stringMatching(/^\d+ × .+, \d+ GB$/),
      system: expect.stringContaining(`Node ${process.versions.node}`),
      load: expect.stringMatching(/^\d+\.\d$/),
    })
  })

  test('are in the page with their commit, if a run was recorded', () => {
    const [, figures = ''] = /<!-- figures: npm run bench -->([\s\S]*)<!-- end of figures -->/.exec(page) ?? []
    expect(figures).toMatch(/Measured on \d{4}-\d\d-\d\d at commit `[0-9a-f]{12}|No run has been recorded yet/)
    expect(figures).not.toContain('failed')
  })
})
