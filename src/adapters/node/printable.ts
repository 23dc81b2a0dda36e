// ZWNJ and ZWJ belong to the spelling of names and emoji; neither moves or hides other text
const shownAsTheyAre = new Set(['\u200c', '\u200d'])

/**
 * `text` without what a terminal obeys instead of showing: control characters, escape sequences, bidi overrides and
 * invisible format characters become `\uXXXX`, so that JSON stays JSON. Line breaks and tabs are escaped as well, so
 * that a value never makes a line of its own.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) =>
    shownAsTheyAre.has(found) ? found : escaped(found),
  )
}

/** As {@link printable} for text of several lines, whose line breaks and tabs are meant. */
export function printableLines(text: string): string {
  return text
    .split(/(\r?\n|\t)/)
    .map((part, index) => (index % 2 === 0 ? printable(part) : part.replace('\r', '')))
    .join('')
}

function escaped(found: string): string {
  const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[found]
  if (named !== undefined) return named
  return Array.from(
    { length: found.length },
    (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')
}
