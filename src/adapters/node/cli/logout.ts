import { isImsError } from '../../../core/errors.ts'
import { aioContexts } from '../config/contexts-aio.ts'
import { printable } from '../printable.ts'
import type { Run } from './command.ts'
import { forCommand } from './hints.ts'
import { kindName } from './kinds.ts'
import { printNote, printResult, printWarning, withProgress } from './output.ts'
import { commandSession, contextOf, imsFor } from './subject.ts'

const kindsOfUsers = ['oauth', 'oauth_public', 'cli']

/** `imskit logout`: the tokens are removed here in any case, and invalidated at IMS if it can be reached. */
export const logoutCommand: Run = async ({ args, values }) => {
  const here = commandSession()
  const { name, data } = await contextOf(args[0], here)
  const had = data.access_token !== undefined || data.refresh_token !== undefined
  const invalidated = had && (await invalidate(() => here.ims.invalidateToken(name, true)))
  await aioContexts(here.config).writeTokens(name, { access_token: undefined, refresh_token: undefined })
  const facts = { context: name, signedOut: had, invalidated }
  printResult(facts, values.json, () => `${had ? 'signed out' : 'no tokens'}: ${printable(name)}`)
  const clientId = data.client_id
  if (typeof clientId === 'string' && kindsOfUsers.includes(kindName(name, data) ?? '')) {
    const ims = await imsFor({ token: '', context: { name, data } }, values, { config: here.config })
    printNote(`To sign out of Adobe in the browser as well, open: ${printable(ims.getLogoutUrl({ clientId }))}`)
  }
  return 0
}

/** Whether IMS confirmed that the tokens are invalid; `false` also for tokens that had expired. */
async function invalidate(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await withProgress('Waiting for IMS', ask)
    return true
  } catch (error) {
    if (!isImsError(error)) throw error
    // the tokens had expired
    if (error.code === 'INVALID_TOKEN') return false
    printWarning(
      `The tokens were removed here, but IMS did not confirm that they are invalid, so they may work until they expire: ${printable(forCommand(error).message)}`,
    )
    return false
  }
}
