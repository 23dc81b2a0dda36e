import { printable } from '../printable.ts'
import { type Command, type Completes, type Run, UsageError } from './command.ts'
import { writeText } from './output.ts'
import { commandSession } from './subject.ts'

/** `imskit completion`: prints a script that calls this command for the candidates. */
export const completionCommand: Run = async ({ args, commands }) => {
  const [shell = '', ...words] = args
  if (shell === 'next') {
    for (const candidate of await next(commands, words)) writeText(`${candidate}\n`)
    return 0
  }
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
  if (script === undefined) throw new UsageError('The shell must be bash, zsh or fish.')
  writeText(script)
  return 0
}

/** The candidates for the last of `words`; `:file` if the shell should complete file names. */
async function next(commands: readonly Command[], words: readonly string[]): Promise<readonly string[]> {
  const before = words.slice(0, -1)
  const word = words.at(-1) ?? ''
  const found = await candidates(commands, before, word)
  return found.filter((candidate) => candidate.startsWith(word) || candidate === ':file')
}

async function candidates(
  commands: readonly Command[],
  before: readonly string[],
  word: string,
): Promise<readonly string[]> {
  const [first, second] = before
  const command =
    commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first)
  const names = commands.map(({ name }) => name.split(' '))
  if (first === undefined) return [...new Set(names.map(([family = '']) => family)), '--help', '--version']
  const members = names.flatMap(([family, member]) => (family === first && member ? [member] : []))
  if (before.length === 1 && members.length > 0 && !word.startsWith('-')) return members
  if (command === undefined) return []
  const rest = before.slice(command.name.split(' ').length)
  const option = command.options[rest.at(-1)?.replace(/^--/, '') ?? '']
  if (rest.at(-1)?.startsWith('--') && option?.value !== undefined) return values(option.completes)
  if (word.startsWith('-')) return Object.keys(command.options).map((name) => `--${name}`)
  return values(command.args[countArguments(command, rest)]?.completes)
}

/** The number of arguments before the word to complete. */
function countArguments({ options }: Command, rest: readonly string[]): number {
  const isValue = (index: number) => options[rest[index - 1]?.replace(/^--/, '') ?? '']?.value !== undefined
  return rest.filter((word, index) => !word.startsWith('--') && !isValue(index)).length
}

async function values(completes: Completes | undefined): Promise<readonly string[]> {
  if (completes === 'file') return [':file']
  if (completes !== 'context') return completes ?? []
  try {
    // the shell would interpret names that are not plain text
    return (await commandSession().ims.context.keys()).filter((name) => printable(name) === name)
  } catch {
    // an error message would end up in the user's command line
    return []
  }
}

const scripts: Readonly<Record<string, string>> = {
  bash: `_imskit() {
  local IFS=$'\\n' found
  found=$(imskit completion next -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "$found" = ":file" ]; then COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); else COMPREPLY=($found); fi
}
complete -F _imskit imskit
`,
  zsh: `#compdef imskit
_imskit() {
  local -a found
  found=("\${(@f)$(imskit completion next -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "$found" == ":file" ]]; then _files; else compadd -- $found; fi
}
compdef _imskit imskit
`,
  fish: `function __imskit
  set -l words (commandline -opc)[2..-1]
  set -l word (commandline -ct)
  set -l found (imskit completion next -- $words "$word" 2>/dev/null)
  if test "$found" = ":file"; __fish_complete_path "$word"; else; printf '%s\\n' $found; end
end
complete -c imskit -f -a '(__imskit)'
`,
}
