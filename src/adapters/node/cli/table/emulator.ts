import type { Command } from '../command.ts'
import { networkOptions, startOptions } from '../emulator-options.ts'
import { readyKinds } from '../emulator-variables.ts'

export const emulatorCommands: readonly Command[] = [
  {
    name: 'emulator',
    summary: 'run a local Adobe IMS for development and tests',
    details:
      'Prints its address on stdout when it answers, and on stderr the variables of each ready-made credential as lines to copy. Its page at this address shows requests, tokens, faults and the clock. Runs until Ctrl-C. It is not a security boundary: anyone who can reach it can sign in as any user.',
    args: [],
    options: {
      ...startOptions,
      ...networkOptions,
      'ready-file': {
        value: 'file',
        about: 'write the address to this file when the emulator answers, and remove the file when it stops',
        completes: 'file',
      },
      json: { about: 'print the address and the ready-made contexts, with their secrets, as one line of JSON' },
    },
    example: 'imskit emulator --port 9090 --auto-login user@example.com',
    load: async () => (await import('../emulator.ts')).emulatorCommand,
  },
  {
    name: 'emulator exec',
    summary: 'run a command with a local Adobe IMS and a credential',
    details:
      'Starts the emulator, and the command when the emulator answers; stops the emulator when the command has ended, and exits with its exit code. The command gets CLIENT_ID, CLIENT_SECRET, SCOPES and the further variables of its kind of credential (ORG_ID, TECHNICAL_ACCOUNT_ID, PRIVATE_KEY, REDIRECT_URI), and AIO_IMS_CONFIG_ENDPOINT and IMS_ENDPOINT. For browser apps with Vite it sets VITE_CLIENT_ID, VITE_SCOPES and VITE_IMS_ENDPOINT, of the client without a secret.',
    args: [
      {
        name: 'command',
        about: 'the command and its arguments, after -- if they contain options',
        required: true,
        rest: true,
      },
    ],
    options: {
      kind: {
        value: 'kind',
        about: `kind of credential: ${Object.keys(readyKinds).join(', ')}; default: oauth_server_to_server`,
        completes: Object.keys(readyKinds),
      },
      ...startOptions,
    },
    example: 'imskit emulator exec -- npm test',
    load: async () => (await import('../emulator-exec.ts')).emulatorExecCommand,
  },
  {
    name: 'cert',
    summary: 'make a certificate for https on localhost, and explain how to trust it',
    details:
      'Makes a certificate for localhost, 127.0.0.1 and ::1 in ~/.config/imskit, unless it exists, and an authority that signed it. The authority can sign for these names only, and its key is discarded after this signature. Prints the path of its certificate on stdout. Installs nothing: it prints the commands of this system, for you to run. imskit emulator --https and --relay use the certificate.',
    args: [],
    options: {
      renew: { about: 'make a new one, with an authority that must be trusted again' },
      json: { about: 'print the paths (ca, cert, key), expiresAt, authority and spki as one line of JSON' },
    },
    example: 'imskit cert',
    load: async () => (await import('../cert/cert.ts')).certCommand,
  },
]
