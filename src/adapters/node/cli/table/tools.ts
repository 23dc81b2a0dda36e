import type { Command } from '../command.ts'
import { projectKinds } from '../init/project-kinds.ts'
import { environment, json, optionalContext } from './arguments.ts'

export const toolCommands: readonly Command[] = [
  {
    name: 'doctor',
    summary: 'find problems with the machine, the configuration and the tokens',
    details:
      'Prints one fix for each finding. Exit code: 0 if there are only warnings, else that of the first class with a problem: 10 runtime, 11 network, 12 TLS and proxy, 13 clock, 14 files, 15 configuration, 16 contexts, 17 tokens.',
    args: [],
    options: {
      offline: { about: 'skip the checks that need the network' },
      strict: { about: 'count warnings as problems' },
      'redirect-pattern': { value: 'pattern', many: true, about: 'also check this redirect URI pattern' },
      ...environment,
      json,
    },
    example: 'imskit doctor --json',
    load: async () => (await import('../doctor.ts')).doctorCommand,
  },
  {
    name: 'report',
    summary: 'print what maintainers need to know, as Markdown for an issue',
    details:
      'Prints versions, the findings of doctor, the kinds of the contexts, the names of variables and the events of recent commands. Contains no secrets, tokens, ids, names of contexts and values of variables. The events are those of the last commands, in the state directory of imskit.',
    args: [{ name: 'context', about: 'only this context; default: all', completes: 'context' }],
    options: { offline: { about: 'skip the checks that need the network' }, ...environment, json },
    example: 'imskit report',
    load: async () => (await import('../report.ts')).reportCommand,
  },
  {
    name: 'probe',
    summary: 'compare the answers of IMS with what is publicly known about them',
    details:
      "Requests IMS's metadata and keys, one token, the validity of that token and one refusal of each kind, then revokes the token. Prints what differs from the public evidence, and what was not known before, as Markdown for an issue, without secrets, tokens and ids. Lists its requests and asks for consent first. The client's secret is sent only to the IMS of the context. Exit code: 0 if nothing differs, 1 if something differs or was not answered.",
    args: [optionalContext],
    options: { yes: { about: 'consent to the requests without a question' }, json },
    example: 'imskit probe my-app --yes',
    load: async () => (await import('../probe.ts')).probeCommand,
  },
  {
    name: 'init',
    summary: 'write a first program for the project in a folder, which runs against the emulator',
    details:
      'Recognizes Vite, Next.js, Workers with wrangler, Node.js, and a page without a package.json. Writes one client file, the settings in an env file (in a module for a page), and the script dev:ims in package.json, which runs the project next to the emulator. Files with other content are replaced only after a question or with --force. Settings with a secret are added to .gitignore; those of a browser app never contain one.',
    args: [{ name: 'folder', about: 'folder of the project; default: the current one', completes: 'file' }],
    options: {
      kind: {
        value: 'kind',
        about: `${projectKinds.join(', ')}; default: what the folder contains`,
        completes: projectKinds,
      },
      'dry-run': { about: 'print what would be written, and write nothing' },
      force: { about: 'replace files with other content without a question' },
      json,
    },
    example: 'imskit init my-project --dry-run',
    load: async () => (await import('../init/init.ts')).initCommand,
  },
  {
    name: 'link',
    summary: 'replace the settings of imskit init by a credential of the Adobe Developer Console',
    details:
      'Reads the files that context set --from reads. Replaces the lines of the credential in the settings, and no other line. A browser app takes a credential without a secret only, any other program an OAuth Server-to-Server credential.',
    args: [
      { name: 'file', about: 'file with the credential; - is standard input', required: true, completes: 'file' },
      { name: 'folder', about: 'folder of the project; default: the current one', completes: 'file' },
    ],
    options: {
      credential: { value: 'name', about: 'one of several credentials in the file: its name, type or client id' },
      'dry-run': { about: 'print what would be written, and write nothing' },
      json,
    },
    example: 'imskit link workspace.json',
    load: async () => (await import('../init/link.ts')).linkCommand,
  },
  {
    name: 'migrate',
    summary: 'move a project from @adobe/aio-lib-ims to imskit',
    details:
      'Prints the edits; --write applies them. Replaces the specifiers of imports, and the dependencies in package.json; the rest of each file does not change. Lists code that you have to change or check by hand, with file and line. Skips node_modules, version control and the output of builds, and does not follow symbolic links. Exit code: 0 done, 1 with --write if a file was left alone.',
    args: [{ name: 'folder', about: 'folder of the project; default: the current one', completes: 'file' }],
    options: { write: { about: 'apply the edits' }, json },
    example: 'imskit migrate --write',
    load: async () => (await import('../migrate/migrate.ts')).migrate,
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    args: [
      { name: 'shell', about: 'bash, zsh or fish', required: true, completes: ['bash', 'zsh', 'fish'] },
      { name: 'word', about: 'used by the scripts', rest: true },
    ],
    options: {},
    example: 'source <(imskit completion bash)',
    load: async () => (await import('../completion.ts')).completionCommand,
  },
]
