import type { Command } from '../../src/adapters/node/cli/command.ts'
import { commands } from '../../src/adapters/node/cli/commands.ts'
import { exitCodes } from '../../src/adapters/node/cli/doctor/finding.ts'
import { optionRows, usageOf } from '../../src/adapters/node/cli/help.ts'

const introduction = `# The command \`imskit\`

\`npx imskit <command>\`, or \`imskit\` if it is installed. The command uses the contexts and tokens of the \`.aio\` files, \`.env\` and \`AIO_*\` variables, and shares them with \`@adobe/aio-lib-ims\`.

Results are printed on stdout, as one line of JSON with \`--json\`; all other output goes to stderr. Secrets and tokens are masked, except by commands whose purpose is to print them (\`token\`, \`headers\`, \`exchange\`, and \`emulator\`, whose secrets are for tests) and with \`--show-secrets\`. Pass secrets in files, variables or standard input (\`--secret-file\`, \`--secret-env\`, \`-\`); on the command line they work, with a warning. Colors are used at a terminal only, and follow \`NO_COLOR\` and \`FORCE_COLOR\`. \`--verbose\` prints the requests to IMS on stderr, without secrets.

## Proxies

The command follows \`HTTPS_PROXY\`, \`HTTP_PROXY\` and \`NO_PROXY\`, except for servers on this machine: through \`undici\` 6.14 or later if it is installed next to imskit (\`npm install undici\`, or \`npm install --global undici\` for a global imskit), or through Node.js itself with \`NODE_USE_ENV_PROXY=1\` (Node.js 22.21, 24 and later). If a proxy is set that cannot be followed, the command and \`imskit doctor\` say so.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failure, a rejected token (\`validate\`, \`verify\`), or a different response (\`probe\`); the error's code is on stderr: [errors](errors.md) |
| 2 | wrong usage |
| any | \`emulator exec\`: the exit code of its command, or the signal that ended it |
| 130 | Ctrl-C interrupted a login or a probe |
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
