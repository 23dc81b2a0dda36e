/** What one case asserts, counted: a case that asserts nothing has shown nothing. */
export function createCheck() {
  const check = {
    count: 0,
    true(holds, what) {
      check.count++
      if (!holds) throw new Error(`not so: ${what}`)
    },
    same(actual, expected, what = 'value') {
      const [found, wanted] = [show(actual), show(expected)]
      check.true(found === wanted, `${what} is ${wanted}, found ${found}`)
    },
    /** `work` rejects with an error that has these properties; gives it back. */
    async rejects(work, expected = {}) {
      const outcome = await work.then(
        () => undefined,
        (error) => ({ error }),
      )
      check.true(outcome !== undefined, `it rejects with ${show(expected)}`)
      for (const [name, value] of Object.entries(expected)) check.same(outcome.error?.[name], value, `error.${name}`)
      return outcome.error
    },
  }
  return check
}

function show(value) {
  const sorted = (_key, item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item
  return value === undefined ? 'undefined' : JSON.stringify(value, sorted)
}
