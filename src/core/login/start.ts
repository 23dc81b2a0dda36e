import type { PendingLogin } from '../flows/login-flow.ts'
import { asJson, defined } from '../json.ts'
import { badOption, checkTypes } from '../options.ts'
import type { Json } from '../ports.ts'
import type { LoginOptions, StartLoginOptions } from './login-options.ts'
import type { LoginState } from './login-state.ts'
import { pendingKey } from './pending.ts'
import { absoluteUri, checkRedirectUri } from './redirect-uri.ts'

/** The first half of a login: the address to send the user to. */
export async function startLogin(state: LoginState, options: StartLoginOptions): Promise<URL> {
  const { redirectUri = state.flow.redirectUri, ...rest } = options
  if (redirectUri === undefined)
    throw badOption(
      'startLogin needs redirectUri: the URL, registered with the credential, that IMS redirects the user to',
    )
  checkRedirectUri('startLogin: redirectUri', redirectUri)
  return (await requestLogin(state, absoluteUri(redirectUri, state.setup.platform.arrival?.here()), rest)).url
}

const optionTypes = {
  prompt: 'string',
  loginHint: 'string',
  locale: 'string',
  parameters: 'object',
  mode: 'string',
  returnTo: 'string',
  context: 'string',
}

/** Builds the authorization request, and stores what the callback is checked against. */
export async function requestLogin(
  { flow, setup, pending: store }: LoginState,
  redirectUri: string,
  options: LoginOptions,
): Promise<{ url: URL; pending: PendingLogin }> {
  checkTypes('a login', options, optionTypes)
  const { signal, appState, returnTo, mode, context, ...asked } = options
  const parameters = mode === 'silent' ? { ...asked, prompt: 'none' } : asked
  const { url, pending } = await flow.start(await setup.call(signal), redirectUri, parameters)
  const stored: PendingLogin = { ...pending, ...defined({ mode, context, appState: plainData(appState), returnTo }) }
  await store.set(pendingKey(pending.state), asJson(stored), pending.expiresAt)
  return { url, pending: stored }
}

/** @throws {ConfigurationError} `BAD_OPTION` for what cannot be stored with the login */
function plainData(appState: Json | undefined): Json | undefined {
  try {
    return appState === undefined ? undefined : asJson(JSON.parse(JSON.stringify(appState) ?? 'null'))
  } catch {
    throw badOption('appState must be JSON; it has a cycle or a BigInt')
  }
}
