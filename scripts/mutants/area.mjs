/**
 * Small ways to break one file. Each row names the function or member that it changes, what it replaces there, by what,
 * and, if no test can notice it, why; `tests` are quick ones that should.
 */
export const area = (name, tests, file, rows) =>
  rows.map(([within, find, replace, survives]) => ({ area: name, tests, file, within, find, replace, survives }))
