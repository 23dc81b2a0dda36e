import { variablePrefixes } from '../config/variable-names.ts'
import type { Argument, Command, Option } from './command.ts'

const context: Argument = {
  name: 'context',
  about: 'name of a context; default: the current one',
  completes: 'context',
}
const named: Argument = { name: 'context', about: 'name of a context', required: true, completes: 'context' }
const subject: Argument = {
  name: 'token|context',
  about: 'a token, - to read it from standard input, or a context; default: the current context',
  completes: 'context',
}

const json: Option = { about: 'print one line of JSON' }
const showSecrets: Option = { about: 'print secrets and tokens as they are' }
const environment: Readonly<Record<string, Option>> = {
  env: { value: 'name', about: 'prod or stage', completes: ['prod', 'stage'] },
  endpoint: { value: 'url', about: 'base URL of IMS, instead of that of an environment' },
}
const client: Option = { value: 'id', about: "client to ask as; default: the context's, else the token's" }

/** What every command takes. */
export const everywhere: Readonly<Record<string, Option>> = {
  verbose: { about: 'print what is asked of IMS on stderr, without secrets' },
  help: { short: 'h', about: 'show this' },
}

const table: readonly Command[] = [
  {
    name: 'login',
    summary: 'sign in and keep the tokens of a context',
    details:
      'Opens the system browser and waits for it on 127.0.0.1. Where that cannot be reached (SSH, containers), paste the address that the browser ended on; or publish a port of the container, and listen on it: docker run -p 127.0.0.1:8085:8085 …, then --callback-host 0.0.0.0 --callback-port 8085. The redirect URI stays on 127.0.0.1. Ctrl-C ends it; nothing is kept then. A context for machines gets its token without a person.',
    args: [context],
    options: {
      force: { about: 'sign in also where a valid token is kept' },
      'no-browser': { about: 'print the address and open nothing' },
      browser: { value: 'program', about: 'browser to open instead of the default one', completes: 'file' },
      'callback-port': {
        value: 'number',
        about: 'port to listen on; default: AIO_IMS_LOCAL_LOGIN_PORT, else a free one',
      },
      'callback-host': {
        value: 'address',
        about: 'address to listen on in a container, such as 0.0.0.0; opens the port to others, needs --callback-port',
      },
      timeout: { value: 'seconds', about: 'how long the login may take; default 120' },
      prompt: { value: 'word', about: 'passed on to IMS, such as login', completes: ['login', 'consent', 'none'] },
      'login-hint': { value: 'email', about: 'who is expected to sign in' },
      json,
    },
    example: 'imskit login my-app --no-browser',
    load: async () => (await import('./tokens.ts')).loginCommand,
  },
  {
    name: 'token',
    summary: 'print an access token, alone, on stdout',
    details: 'The kept one while it is valid, else a new one. It asks nobody: where a person is needed it fails.',
    args: [context],
    options: { force: { about: 'get a new one in any case' }, json },
    example: 'curl -H "Authorization: Bearer $(imskit token my-app)" https://api.example.com/',
    load: async () => (await import('./tokens.ts')).tokenCommand,
  },
  {
    name: 'refresh',
    summary: 'renew the tokens of a context',
    details: 'By its refresh token, or as its kind of credential does; the tokens are kept and not printed.',
    args: [context],
    options: { json, 'show-secrets': showSecrets },
    example: 'imskit refresh my-app',
    load: async () => (await import('./tokens.ts')).refreshCommand,
  },
  {
    name: 'invalidate',
    summary: 'end the access token of a context, at IMS and here',
    args: [context],
    options: { force: { about: 'end the refresh token too, and all that came from it' }, json },
    example: 'imskit invalidate my-app --force',
    load: async () => (await import('./tokens.ts')).invalidateCommand,
  },
  {
    name: 'context list',
    summary: 'list the contexts; * marks the current one',
    args: [],
    options: { json },
    example: 'imskit context list',
    load: async () => (await import('./contexts.ts')).contextListCommand,
  },
  {
    name: 'context get',
    summary: 'print a context, secrets covered',
    args: [context, { name: 'key', about: 'print the value of this key alone' }],
    options: { json, 'show-secrets': showSecrets },
    example: 'imskit context get my-app client_id',
    load: async () => (await import('./contexts.ts')).contextGetCommand,
  },
  {
    name: 'context set',
    summary: 'make or replace a context',
    details:
      'Secrets come from files, variables or standard input; one in key=value works, with a warning. private_key may be the path of a PEM file.',
    args: [named, { name: 'key=value', about: 'what the context holds', rest: true }],
    options: {
      from: {
        value: 'file',
        about: 'take the context from a file (JSON, HJSON or YAML), or with - from standard input',
        completes: 'file',
      },
      'from-env': {
        value: 'prefix',
        about: `take the context from another tool's variables: ${variablePrefixes.map((prefix) => `${prefix}_*`).join(', ')}`,
        completes: variablePrefixes,
      },
      'secret-file': {
        value: '[key=]file',
        many: true,
        about: 'take client_secret, or key, from a file, or with - from standard input',
        completes: 'file',
      },
      'secret-env': { value: '[key=]variable', many: true, about: 'take client_secret, or key, from a variable' },
      merge: { about: 'keep the keys that are there and not named' },
      local: { about: 'write to ./.aio instead of the global file' },
      json,
    },
    example: 'imskit context set my-app client_id=0123 scope=openid,AdobeID --secret-file secret.txt',
    load: async () => (await import('./contexts.ts')).contextSetCommand,
  },
  {
    name: 'context use',
    summary: 'make a context the current one of this directory',
    args: [named],
    options: { json },
    example: 'imskit context use my-app',
    load: async () => (await import('./contexts.ts')).contextUseCommand,
  },
  {
    name: 'context delete',
    summary: 'delete a context and its tokens from the files',
    details: 'Deletes from the local file and the global one. It ends nothing at IMS: use invalidate --force before.',
    args: [named],
    options: { json },
    example: 'imskit context delete my-app',
    load: async () => (await import('./contexts.ts')).contextDeleteCommand,
  },
  {
    name: 'decode',
    summary: 'print the header and the claims of a token, unverified',
    args: [subject],
    options: { json },
    example: 'imskit token my-app | imskit decode -',
    load: async () => (await import('./checks.ts')).decodeCommand,
  },
  {
    name: 'explain',
    summary: 'say in plain words what a token is',
    details: 'Whose it is, for which client, which scopes, how long still, and what is missing. Nothing is verified.',
    args: [subject],
    options: { ...environment, json },
    example: 'imskit explain my-app',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  {
    name: 'validate',
    summary: 'ask IMS whether a token is valid; exit code 1 if not',
    args: [subject],
    options: { 'client-id': client, ...environment, json },
    example: 'imskit token my-app | imskit validate -',
    load: async () => (await import('./checks.ts')).validateCommand,
  },
  {
    name: 'verify',
    summary: "check a token here by IMS's published keys; exit code 1 if it is refused",
    args: [subject],
    options: {
      'client-id': { value: 'id', many: true, about: 'a client that the token may be for' },
      scope: { value: 'scope', many: true, about: 'a scope that the token must have' },
      issuer: { value: 'url', about: 'the issuer that the token must name' },
      ...environment,
      json,
    },
    example: 'imskit verify my-app --scope openid',
    load: async () => (await import('./checks.ts')).verifyCommand,
  },
  {
    name: 'profile',
    summary: "print the profile of a token's owner",
    args: [subject],
    options: { ...environment, json },
    example: 'imskit profile my-app',
    load: async () => (await import('./people.ts')).profileCommand,
  },
  {
    name: 'userinfo',
    summary: "print the OpenID claims of a token's owner",
    args: [subject],
    options: { ...environment, json },
    example: 'imskit userinfo my-app',
    load: async () => (await import('./people.ts')).userinfoCommand,
  },
  {
    name: 'organizations',
    summary: "list the organizations of a token's owner",
    args: [subject],
    options: { ...environment, json },
    example: 'imskit organizations my-app',
    load: async () => (await import('./people.ts')).organizationsCommand,
  },
  {
    name: 'exchange',
    summary: "print the same person's token for another organization",
    details: 'The new token is printed alone on stdout and not kept.',
    args: [subject],
    options: {
      org: { value: 'id', about: 'the organization, as 0123456789ABCDEF01234567@AdobeOrg; required' },
      scope: { value: 'scope', many: true, about: 'a scope to ask for' },
      'client-id': client,
      'secret-file': {
        value: 'file',
        about: "file with the client's secret, or -; default: the context's",
        completes: 'file',
      },
      ...environment,
      json,
    },
    example: 'imskit exchange my-app --org 0123456789ABCDEF01234567@AdobeOrg',
    load: async () => (await import('./people.ts')).exchangeCommand,
  },
  {
    name: 'doctor',
    summary: 'look for what is wrong with the machine, the configuration and the tokens',
    details:
      'One fix for each finding. Exit code: 0 nothing found but warnings, else that of the first class with a problem: 10 runtime, 11 network, 12 TLS and proxy, 13 clock, 14 files, 15 configuration, 16 contexts, 17 tokens.',
    args: [],
    options: {
      offline: { about: 'leave out what needs the network' },
      strict: { about: 'warnings count as problems' },
      'redirect-pattern': { value: 'pattern', many: true, about: 'also look at this redirect URI pattern' },
      ...environment,
      json,
    },
    example: 'imskit doctor --json',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'probe',
    summary: 'compare the answers of IMS with what is publicly known of them',
    details:
      "Asks IMS for its metadata and keys, for one token, for the validity of that token, for one refusal of each kind, and revokes the token. Prints what differs from the public evidence, and what was not known so far, as Markdown for an issue, without secrets, tokens and ids. Lists its requests and asks for consent first. The client's secret goes to the IMS of the context only. Exit code: 0 nothing differs, 1 something differs or was not answered.",
    args: [context],
    options: { yes: { about: 'consent to the requests, without being asked' }, json },
    example: 'imskit probe my-app --yes',
    load: async () => (await import('./probe.ts')).probeCommand,
  },
  {
    name: 'emulator',
    summary: 'run a local Adobe IMS for development and tests',
    details:
      'Runs until Ctrl-C. It is no security boundary: anyone who can reach it can sign in as anyone. Point a program at it with AIO_IMS_CONFIG_ENDPOINT.',
    args: [],
    options: {
      port: { value: 'number', about: 'port to listen on; default: a free one' },
      'auto-login': { value: 'email', about: 'sign this user in without the form' },
      json: { about: 'print the address and the ready-made contexts, with their secrets, as one line of JSON' },
    },
    example: 'imskit emulator --port 9090 --auto-login user@example.com',
    load: async () => (await import('./emulator.ts')).emulatorCommand,
  },
  {
    name: 'migrate',
    summary: 'move a project from @adobe/aio-lib-ims to imskit',
    details:
      'Prints what would change; --write changes it. Rewrites the specifiers of imports, and the dependencies in package.json; nothing else in a file changes. Lists, with file and line, what is to be changed or checked by hand. Skips node_modules, version control and the output of builds; follows no symbolic links. Exit code: 0 done, 1 with --write if a file was left alone.',
    args: [{ name: 'folder', about: 'folder of the project; default: the current one', completes: 'file' }],
    options: { write: { about: 'write the changes' }, json },
    example: 'imskit migrate --write',
    load: async () => (await import('./migrate/migrate.ts')).migrate,
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
    load: async () => (await import('./completion.ts')).completionCommand,
  },
]

/** The commands in the order of their help. */
export const commands: readonly Command[] = table.map((command) => ({
  ...command,
  options: { ...command.options, ...everywhere },
}))
