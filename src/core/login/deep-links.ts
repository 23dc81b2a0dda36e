import { badOption } from '../options.ts'
import type { LoginParameters } from './login-options.ts'

/** A login that starts with the parameters of a deep link of IMS's sign-in page. */
export type DeepLink = Required<Pick<LoginParameters, 'parameters'>>

/**
 * A login that starts at the page to create an account (`idp_flow=create_account`).
 *
 * @example await client.login({ ...signUp, returnTo: '/welcome' })
 */
export const signUp: DeepLink = { parameters: { idp_flow: 'create_account' } }

/**
 * A login that starts at a social provider, such as `google`, `apple` or `facebook`, without the sign-in page of IMS.
 *
 * @example await client.login(socialLogin('google'))
 *
 * @throws {ConfigurationError} `BAD_OPTION` without the name of a provider
 */
export function socialLogin(provider: string): DeepLink {
  if (typeof provider !== 'string' || !/^[\w.-]+$/.test(provider))
    throw badOption('socialLogin takes the name of a provider, such as google')
  return { parameters: { idp_flow: 'social.deep_link.web', provider_id: provider } }
}
