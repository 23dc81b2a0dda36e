import { TokenError } from '../../src/core/index.ts'
import { must, type Target } from './target.ts'

/** Parsers that are wrong in one way each: what looks for faults has to find these. */
export const plantedTargets: readonly Target[] = [
  { name: 'planted-throws', run: (input) => JSON.parse(input) },
  {
    name: 'planted-quotes',
    run(input) {
      throw new TokenError('BAD_TOKEN', `this is not a token: ${input}`)
    },
  },
  {
    name: 'planted-pollutes',
    run(input) {
      const [name = '', key = ''] = input.split('.')
      const tree: Record<string, Record<string, number>> = {}
      tree[name] ??= {}
      const inner = tree[name]
      if (inner !== undefined && key !== '') inner[key] = 1
    },
  },
  { name: 'planted-result', run: (input) => must(!input.includes('//'), 'it leads to another site') },
  { name: 'planted-quadratic', run: (input) => /(?:a|b)+c/.exec(input.slice(0, 40_000)) },
  {
    name: 'planted-hangs',
    run(input) {
      while (input.includes('..')) {
        // for ever
      }
    },
  },
]
