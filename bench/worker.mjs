import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Starts a process of `processes/` that answers questions; resolves when it is ready. */
export async function startWorker(name, args = [], { env, cwd } = {}) {
  const child = fork(fileURLToPath(new URL(`processes/${name}.mjs`, import.meta.url)), args, {
    env: { ...process.env, ...env },
    execArgv: [],
    ...(cwd !== undefined && { cwd }),
  })
  const answers = []
  child.on('message', (answer) => answers.shift()?.(answer))
  const ask = (question) =>
    new Promise((resolve, reject) => {
      answers.push((answer) => (answer.failed === undefined ? resolve(answer.value) : reject(new Error(answer.failed))))
      if (question !== undefined) child.send(question)
    })
  await ask()
  return {
    ask,
    end: () =>
      new Promise((resolve) => {
        child.once('exit', resolve)
        child.disconnect()
      }),
  }
}

/** The other side: answers each question, one at a time, with what `answer` returns. */
export function answerQuestions(answer) {
  process.on('message', async (question) => {
    const reply = await Promise.resolve(question)
      .then(answer)
      .then(
        (value) => ({ value }),
        (error) => ({ failed: String(error?.stack ?? error) }),
      )
    // whoever asked may have given up meanwhile
    if (process.connected) process.send(reply)
  })
  process.send({ value: 'ready' })
}

/** Starts `count` of them, hands them to `task` and ends them. */
export async function withWorkers(count, start, task) {
  const workers = await Promise.all(Array.from({ length: count }, (_, index) => start(index)))
  try {
    return await task(workers)
  } finally {
    await Promise.all(workers.map((worker) => worker.end()))
  }
}
