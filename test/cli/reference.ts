import type { Command } from '../../src/adapters/node/cli/command.ts'
import { commands } from '../../src/adapters/node/cli/commands.ts'
import { exitCodes } from '../../src/adapters/node/cli/doctor/finding.ts'
import { optionRows, usageOf } from '../../src/adapters/node/cli/help.ts'

const introduction = `# The command \`imskit\`

\`npx imskit <command>\`, or \`imskit\` where it is installed. Contexts and tokens are those of the \`.aio\` files, \`.env\` and \`AIO_*\` variables, shared with the old library.

Results are on stdout, as one line of JSON with \`--json\`; everything else is on stderr. Secrets and tokens are covered unless a command is there to print them (\`token\`, \`exchange\`, \`emulator --json\`) or is told to with \`--show-secrets\`. Secrets come from files, variables or standard input (\`--secret-file\`, \`--secret-env\`, \`-\`); on the command line they work, with a warning. Colours appear at a terminal only, and follow \`NO_COLOR\` and \`FORCE_COLOR\`. \`--verbose\` prints what is asked of IMS on stderr, without secrets.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed, a token that is refused (\`validate\`, \`verify\`), or an answer that differs (\`probe\`); the error's code is on stderr: [errors](errors.md) |
| 2 | wrong usage |
| 130 | a login or a probe that was interrupted by Ctrl-C |
`

/** The text of `docs/command-line.md`. */
export function reference(): string {
  const doctor = Object.entries(exitCodes).map(([name, code]) => `| ${code} | \`doctor\`: a problem of class ${name} |`)
  return `${introduction}${doctor.join('\n')}\n\n## Commands\n\n${commands.map(section).join('\n')}`
}

function section(command: Command): string {
  const { name, summary, details, args, options, example } = command
  const rows = optionRows({ ...command, options }).filter(([left]) => !/--(help|verbose)/.test(left))
  const table = [...args.map((arg) => [arg.name, arg.about] as const), ...rows].map(
    ([left, right]) => `| \`${left.replaceAll('|', '\\|')}\` | ${right} |`,
  )
  const about = `${summary[0]?.toUpperCase()}${summary.slice(1)}.${details === undefined ? '' : ` ${details}`}`
  const rendered = table.length === 0 ? '' : `\n| | |\n|---|---|\n${table.join('\n')}\n`
  return `### imskit ${name}\n\n${about}\n\n\`\`\`sh\n${usageOf(command).replace('Usage: ', '# ')}\n${example}\n\`\`\`\n${rendered}`
}
