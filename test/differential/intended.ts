import type { Difference } from './compare.ts'
import table from './intended.json' with { type: 'json' }

/** One way in which imskit is not like the old library, on purpose. */
export interface Intended {
  readonly id: string
  /** The difference in a sentence, as the documentation has it. */
  readonly difference: string
  readonly why: string
  /** The old library's bugs that this is the end of, by their numbers in our list of them. */
  readonly bugs?: readonly string[]
  /** Where it shows whatever the scenario, with both values as JSON; regular expressions. */
  readonly everywhere?: { readonly at: string; readonly old?: string; readonly new?: string }
  /** Where else it shows: by scenario the places, each of which must differ. */
  readonly shows?: Readonly<Record<string, readonly string[]>>
  /** A test outside this suite that shows it, too. */
  readonly test?: string
}

// the keys of `shows` are names of scenarios, which the type of the file would list one by one
export const intended = table as unknown as readonly Intended[]

const matches = (pattern: string | undefined, value: unknown) =>
  pattern === undefined || new RegExp(`^(?:${pattern})$`).test(JSON.stringify(value) ?? 'undefined')

export function isShown({ everywhere, shows = {} }: Intended, scenario: string, difference: Difference): boolean {
  if (shows[scenario]?.includes(difference.at)) return true
  if (everywhere === undefined || !new RegExp(`^(?:${everywhere.at})$`).test(difference.at)) return false
  return matches(everywhere.old, difference.old) && matches(everywhere.new, difference.new)
}

export const explain = (scenario: string, difference: Difference): Intended | undefined =>
  intended.find((entry) => isShown(entry, scenario, difference))
