import type { Command } from '../command.ts'
import { json, optionalContext, showSecrets } from './arguments.ts'

export const tokenCommands: readonly Command[] = [
  {
    name: 'login',
    summary: 'sign in and store the tokens of a context',
    details:
      'Opens the system browser and listens for the callback on 127.0.0.1. If the browser cannot reach that (SSH, containers), paste the address from the browser; or publish a port of the container and listen on it: docker run -p 127.0.0.1:8085:8085 …, then --callback-host 0.0.0.0 --callback-port 8085. The redirect URI stays on 127.0.0.1. Ctrl-C cancels the login and stores nothing. A context of a machine credential gets its token without a user.',
    args: [optionalContext],
    options: {
      force: { about: 'sign in even if a valid token is stored' },
      'no-browser': { about: 'print the address and open no browser' },
      browser: { value: 'program', about: 'browser to open instead of the default one', completes: 'file' },
      'callback-port': {
        value: 'number',
        about: 'port to listen on; default: AIO_IMS_LOCAL_LOGIN_PORT, else a free port',
      },
      'callback-host': {
        value: 'address',
        about: 'address to listen on in a container, such as 0.0.0.0; others may reach it; needs --callback-port',
      },
      timeout: { value: 'seconds', about: 'how long the login may take; default 120' },
      prompt: { value: 'value', about: 'sent to IMS, such as login', completes: ['login', 'consent', 'none'] },
      'login-hint': { value: 'email', about: 'email address of the user who should sign in' },
      json,
    },
    example: 'imskit login my-app --no-browser',
    load: async () => (await import('../tokens.ts')).loginCommand,
  },
  {
    name: 'token',
    summary: 'print an access token, and nothing else, on stdout',
    details:
      'Prints the stored token while it is valid, otherwise a new one. Fails if the user has to sign in; it never opens a browser.',
    args: [optionalContext],
    options: { force: { about: 'get a new token even if the stored one is valid' }, json },
    example: 'curl -H "Authorization: Bearer $(imskit token my-app)" https://api.example.com/',
    load: async () => (await import('../tokens.ts')).tokenCommand,
  },
  {
    name: 'headers',
    summary: 'print the headers of a request to an API of Adobe, as one line of JSON',
    details:
      'Prints Authorization, x-api-key and, if the context has an organization, x-gw-ims-org-id, for tools that run a command to get headers. Fails if the user has to sign in.',
    args: [optionalContext],
    options: {},
    example: 'imskit headers my-app',
    load: async () => (await import('../headers.ts')).headersCommand,
  },
  {
    name: 'refresh',
    summary: 'renew the tokens of a context',
    details: 'Uses its refresh token, or the grant of its kind of credential. The tokens are stored and not printed.',
    args: [optionalContext],
    options: { json, 'show-secrets': showSecrets },
    example: 'imskit refresh my-app',
    load: async () => (await import('../tokens.ts')).refreshCommand,
  },
  {
    name: 'invalidate',
    summary: 'invalidate the access token of a context at IMS, and remove it from the context',
    args: [optionalContext],
    options: { force: { about: 'invalidate the refresh token too, and all tokens issued from it' }, json },
    example: 'imskit invalidate my-app --force',
    load: async () => (await import('../tokens.ts')).invalidateCommand,
  },
  {
    name: 'logout',
    summary: 'sign out: invalidate the tokens of a context at IMS, and remove them',
    details:
      'The tokens are removed here in any case. If IMS does not confirm that they are invalid, that is printed, and they may work until they expire. The user stays signed in at Adobe in the browser; the address that ends that too is printed.',
    args: [optionalContext],
    options: { json },
    example: 'imskit logout my-app',
    load: async () => (await import('../logout.ts')).logoutCommand,
  },
]
