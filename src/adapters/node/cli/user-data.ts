import { parseSecrets } from '../../../core/compat/context-kind.ts'
import { isObject } from '../../../core/json.ts'
import type { Ims } from '../ims.ts'
import { printable } from '../printable.ts'
import { type Run, UsageError } from './command.ts'
import { printResult, withProgress } from './output.ts'
import { optionText, optionTexts } from './parse.ts'
import { readText } from './secrets.ts'
import { clientOf, commandSession, imsFor, printableToken, tokenWithIms } from './subject.ts'

/** A command that prints IMS's data about the user of a token. */
function about(ask: (ims: Ims, token: string) => Promise<unknown>, human: (answer: unknown) => string): Run {
  return async ({ args, values }) => {
    const { ims, token } = await tokenWithIms(args[0], values)
    const answer = await withProgress('Waiting for IMS', () => ask(ims, token))
    printResult(answer, values.json, () => human(answer))
    return 0
  }
}

const pretty = (answer: unknown) => JSON.stringify(answer, null, 2)

/** `imskit profile`. */
export const profileCommand = about((ims, token) => ims.getProfile(token), pretty)

/** `imskit userinfo`. */
export const userinfoCommand = about((ims, token) => ims.getUserInfo(token), pretty)

/** `imskit organizations`. */
export const organizationsCommand = about((ims, token) => ims.getOrganizations(token), orgLines)

function orgLines(answer: unknown): string {
  if (!Array.isArray(answer)) return pretty(answer)
  const lines = answer.map((org: unknown) => {
    if (!isObject(org)) return pretty(org)
    const { orgName, orgRef } = org as { orgName?: string; orgRef?: { ident?: string; authSrc?: string } }
    return printable(`${orgRef?.ident ?? '?'}@${orgRef?.authSrc ?? '?'}  ${orgName ?? ''}`)
  })
  return lines.length === 0 ? 'The user does not belong to an organization.' : lines.join('\n')
}

/** `imskit exchange`. */
export const exchangeCommand: Run = async ({ args, values }) => {
  const orgId = optionText(values, 'org')
  if (!orgId) throw new UsageError('The option --org <id> is missing.')
  const file = optionText(values, 'secret-file')
  if (file === '-' && args[0] === '-') throw new UsageError('Standard input (-) can be used for one value only.')
  const here = commandSession()
  const subject = await tokenWithIms(args[0], values, here)
  const clientId = clientOf(subject, values)
  if (clientId === undefined) throw new UsageError('The token does not name a client. Pass --client-id.')
  const { client_secret: own, client_secrets: several } = subject.context?.data ?? {}
  const clientSecret = file === undefined ? (own ?? parseSecrets(several)[0]) : await readText(file)
  if (file !== undefined) await imsFor(subject, values, { config: here.config, secret: String(clientSecret) })
  const exchanged = await withProgress('Waiting for IMS', () =>
    subject.ims.exchangeToken({
      token: subject.token,
      orgId,
      clientId,
      scopes: optionTexts(values, 'scope'),
      ...(typeof clientSecret === 'string' && { clientSecret }),
    }),
  )
  const { expiry } = exchanged.access_token
  const token = printableToken(exchanged.access_token.token)
  printResult({ org: orgId, token, expiresAt: expiry }, values.json, () => token)
  return 0
}
