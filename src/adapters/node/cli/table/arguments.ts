import type { Argument, Option } from '../command.ts'

export const optionalContext: Argument = {
  name: 'context',
  about: 'name of a context; default: the current one',
  completes: 'context',
}
export const requiredContext: Argument = {
  name: 'context',
  about: 'name of a context',
  required: true,
  completes: 'context',
}
export const tokenOrContext: Argument = {
  name: 'token|context',
  about: 'a token, - to read it from standard input, or a context; default: the current context',
  completes: 'context',
}

export const json: Option = { about: 'print one line of JSON' }
export const showSecrets: Option = { about: 'print secrets and tokens in full' }
export const environment: Readonly<Record<string, Option>> = {
  env: { value: 'name', about: 'prod or stage', completes: ['prod', 'stage'] },
  endpoint: { value: 'url', about: 'base URL of IMS, instead of an environment' },
}
export const client: Option = {
  value: 'id',
  about: "client id to send; default: the context's, else the token's",
}
