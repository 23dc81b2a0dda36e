import { expect, test } from 'vitest'
import { escapeHtml } from '../../src/core/html.ts'

test.each([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])('%s becomes %s', (character, entity) => {
  expect(escapeHtml(character)).toBe(entity)
})

test('every occurrence is escaped, once', () => {
  expect(escapeHtml('<a href="/?a=1&b=2">&lt;</a>')).toBe('&lt;a href=&quot;/?a=1&amp;b=2&quot;&gt;&amp;lt;&lt;/a&gt;')
})

test('other text stays as it is', () => {
  expect(escapeHtml('Grüße, {x} `y` 100 %')).toBe('Grüße, {x} `y` 100 %')
})
