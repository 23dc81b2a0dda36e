/** What a section reports; absent cells stay empty. `ratio` and `oldRatio` are to the floor. */
export const columns = {
  figure: 'figure',
  ours: 'imskit',
  floor: 'floor',
  ratio: 'ratio',
  old: 'aio-lib-ims',
  oldRatio: 'ratio',
  target: 'target',
  met: 'met',
}

export function printTable(rows) {
  const lines = [columns, ...rows].map((row) => Object.keys(columns).map((name) => cell(row[name])))
  const widths = Object.keys(columns).map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  )
  for (const line of lines) console.log(line.map((text, column) => align(text, widths[column], column)).join('  '))
}

function align(text, width, column) {
  return column === 0 || column >= 6 ? text.padEnd(width) : text.padStart(width)
}

function cell(value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'NO'
  return value === undefined ? '' : String(value)
}

/** Nanoseconds, in the unit that reads best. */
export function time(ns) {
  if (ns < 1000) return `${ns.toFixed(0)} ns`
  if (ns < 1e6) return `${round(ns / 1000)} us`
  return ns < 1e9 ? `${round(ns / 1e6)} ms` : `${round(ns / 1e9)} s`
}

export function times(ratio) {
  return `${round(ratio)}x`
}

function round(value) {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)
}
