import { type ImsError, isImsError } from '../../../core/errors.ts'

let context: string | undefined

/** Remembers the context that the command works with, so that hints name it. */
export function noteContext(name: string): void {
  context = name
}

/** A name as a shell takes it. */
export function shellWord(name: string): string {
  return /^[\w.@%+=:,/-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`
}

const named = () => (context === undefined ? '' : ` ${shellWord(context)}`)

/** The command that helps after an error; `undefined` if the message says enough. */
function remedyOf({ code, message }: ImsError): string | undefined {
  if (message.includes('imskit ')) return undefined
  if (code === 'LOGIN_REQUIRED') return `To sign in, run: imskit login${named()}`
  if (code === 'LOGIN_NOT_POSSIBLE')
    return `Run this at a terminal where the user is present: imskit login${named()}. Without a user, use a server-to-server credential.`
  if (code === 'CANNOT_GENERATE_TOKEN' || code === 'INVALID_CONTEXT_DATA')
    return `To add keys, run: imskit context set${named() || ' <context>'} --merge <key>=<value>`
  if (code === 'UNTRUSTED_SOURCE') return 'To see where each value comes from, run: imskit doctor'
  if (code === 'TIMEOUT' && message.startsWith('The browser did not return'))
    return 'To allow more time, pass --timeout <seconds>'
  if (code === 'NETWORK_FAILED' || code === 'TIMEOUT' || code === 'IMS_UNAVAILABLE')
    return 'To find out why, run: imskit doctor'
  return undefined
}

// names of functions and options of a program, which a user of the command cannot call: `getToken`, `login()`
const ofPrograms = /\b[a-z]+[A-Z]\w*|\w\(\)|`|\boptions?\s+(?:[a-z(]|$)|\bcall login\b/

/**
 * A message for a user of the command. The first sentence says what happened; later ones that name functions or options
 * of the SDK are left out, because the command has its own remedy.
 */
export function forCommand(error: unknown): { readonly message: string; readonly remedy?: string } {
  if (!isImsError(error)) return { message: 'Unexpected failure. Run the command with --verbose, and report it.' }
  const [first = '', ...rest] = error.message.split(/(?<=\.) (?=[A-Z])/)
  const kept = rest.filter((sentence) => !ofPrograms.test(withoutValues(sentence)))
  const [what = first, ...clauses] = first.split(/(?<=\S)[;,] (?=(?:use|call|open|pass|set) )/)
  const remedies = clauses.filter((clause) => !ofPrograms.test(withoutValues(clause)))
  const message = [[what, ...remedies].join('; '), ...kept].join(' ')
  const remedy = remedyOf(error)
  return { message: /[.!?]$|\n/.test(message) ? message : `${message}.`, ...(remedy !== undefined && { remedy }) }
}

/** A name of a context or file may look like a function. */
function withoutValues(sentence: string): string {
  const words = sentence.replace(/'[^']*'/g, '').split(' ')
  return words.filter((word) => !/[/\\]/.test(word)).join(' ')
}
