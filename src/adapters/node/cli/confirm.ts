import { createInterface } from 'node:readline'

/** Whether a question can be asked. The result may be redirected to a file, but the question and its answer need a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks the user at the terminal; the end of input and Ctrl-C are not consent. */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await new Promise((resolve) => {
      lines.once('SIGINT', () => lines.close())
      lines.once('close', () => resolve(false))
      lines.question(`${question} [y/N] `, (answer) => resolve(/^\s*y(es)?\s*$/i.test(answer)))
    })
  } finally {
    lines.close()
  }
}
