import { createCheck } from './check.mjs'
import { conformance } from './index.mjs'

const limit = 30_000

/** Runs every case against `target`, one after the other, and tells `report` how each ended. */
export async function run(target, report = () => {}) {
  const cases = []
  conformance((name, body, need) => cases.push({ name, body, need }), target)
  const results = []
  for (const each of cases) {
    const result = { name: each.name, ...(await outcome(each, target)) }
    results.push(result)
    report(result)
  }
  return results
}

async function outcome({ body, need }, { cannot }) {
  if (need !== undefined && cannot[need] !== undefined) return { status: 'skipped', reason: cannot[need] }
  const check = createCheck()
  try {
    await withinLimit(body(check))
  } catch (error) {
    const { code, cause } = error ?? {}
    const because = cause === undefined ? '' : `, because of ${cause}`
    return { status: 'failed', error: `${code ?? ''} ${error?.stack ?? error}${because}`.trim().slice(0, 1500) }
  }
  if (check.count === 0) return { status: 'failed', error: 'it asserted nothing' }
  return { status: 'passed', assertions: check.count }
}

async function withinLimit(work) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit} ms`)), limit)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
