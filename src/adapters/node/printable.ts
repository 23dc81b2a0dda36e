// ZWNJ and ZWJ are part of names and emoji; they neither move nor hide other text
const harmless = new Set(['\u200c', '\u200d'])

/**
 * Escapes everything in `text` that a terminal interprets instead of showing it: control characters, escape sequences,
 * bidi overrides and invisible format characters become `\uXXXX`, so that JSON stays JSON. Line breaks and tabs are
 * escaped as well, so that a value cannot create a line of its own.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) => (harmless.has(found) ? found : escaped(found)))
}

/** Like {@link printable}, for text of several lines: preserves line breaks and tabs. */
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
