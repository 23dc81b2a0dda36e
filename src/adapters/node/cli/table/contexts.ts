import { variablePrefixes } from '../../config/variable-names.ts'
import type { Command } from '../command.ts'
import { json, optionalContext, requiredContext, showSecrets } from './arguments.ts'

export const contextCommands: readonly Command[] = [
  {
    name: 'context list',
    summary: 'list the contexts; * marks the current one',
    args: [],
    options: { json },
    example: 'imskit context list',
    load: async () => (await import('../contexts.ts')).contextListCommand,
  },
  {
    name: 'context get',
    summary: 'print a context, with secrets redacted',
    args: [optionalContext, { name: 'key', about: 'print the value of this key only' }],
    options: { json, 'show-secrets': showSecrets },
    example: 'imskit context get my-app client_id',
    load: async () => (await import('../contexts.ts')).contextGetCommand,
  },
  {
    name: 'context set',
    summary: 'create or replace a context',
    details:
      'Pass secrets in files, variables or standard input. A secret in key=value works, with a warning. private_key may be the path of a PEM file. --from reads the files that Adobe provides: the workspace and credential JSON of the Developer Console, its Postman environment, service credentials and local development tokens of AEM, and .env and .aio of a project. Any other file is refused, and a file that names an environment which imskit cannot use is refused too, unless you pass env or endpoint.',
    args: [requiredContext, { name: 'key=value', about: 'a key of the context and its value', rest: true }],
    options: {
      from: {
        value: 'file',
        about: 'read the context from a file of Adobe, or one with the keys of a context; - is standard input',
        completes: 'file',
      },
      credential: { value: 'name', about: 'one of several credentials in the file: its name, type or client id' },
      'from-env': {
        value: 'prefix',
        about: `read the context from another tool's variables: ${variablePrefixes.map((prefix) => `${prefix}_*`).join(', ')}`,
        completes: variablePrefixes,
      },
      'secret-file': {
        value: '[key=]file',
        many: true,
        about: 'read client_secret, or key, from a file, or with - from standard input',
        completes: 'file',
      },
      'secret-env': { value: '[key=]variable', many: true, about: 'read client_secret, or key, from a variable' },
      merge: { about: 'preserve existing keys that are not set' },
      local: { about: 'write to ./.aio instead of the global file' },
      json,
    },
    example: 'imskit context set my-app client_id=0123 scope=openid,AdobeID --secret-file secret.txt',
    load: async () => (await import('../contexts.ts')).contextSetCommand,
  },
  {
    name: 'context use',
    summary: 'make a context the current one of this directory',
    args: [requiredContext],
    options: { json },
    example: 'imskit context use my-app',
    load: async () => (await import('../contexts.ts')).contextUseCommand,
  },
  {
    name: 'context delete',
    summary: 'delete a context and its tokens from the files',
    details:
      'Deletes from the local file and the global one. Its tokens stay valid at IMS: run invalidate --force first to invalidate them.',
    args: [requiredContext],
    options: { json },
    example: 'imskit context delete my-app',
    load: async () => (await import('../contexts.ts')).contextDeleteCommand,
  },
]
