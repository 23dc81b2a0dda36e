/** `text` without the `character`s at its end. A pattern such as `/=+$/` takes quadratic time on untrusted text. */
export function withoutTrailing(text: string, character: string): string {
  let length = text.length
  while (length > 0 && text[length - 1] === character) length--
  return text.slice(0, length)
}

/**
 * `text` on one line, without characters that change how other characters are shown: control and escape
 * characters, marks of direction (bidi) and others that are invisible.
 */
export function plainText(text: string): string {
  return text.replace(/[\t\n\r\u2028\u2029]/g, ' ').replace(/[\p{Cc}\p{Cf}]/gu, '')
}
