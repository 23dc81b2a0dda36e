// Finds sections: by the titles of their pages, then by headings, then by their text. The index is loaded when the
// field gets the focus.
import MiniSearch from 'minisearch'

const form = document.querySelector('form[role=search]')
const [field, count, list] = ['input', 'output', 'ul'].map((name) => form.querySelector(name))
const { root } = document.documentElement.dataset
const longestList = 12
const mostOfOnePage = 3
let loading
form.hidden = false

function load() {
  loading ??= new Promise((resolve) => {
    const script = document.createElement('script')
    script.src = `${root}search-index.js`
    script.onload = () => resolve(createIndex(globalThis.sections))
    document.head.append(script)
  })
  return loading
}

const isReference = ({ href }) => href.startsWith('api/')
const wordsIn = (text) => text.match(/[\p{L}\p{N}_$-]+/gu) ?? []
/** A name of a program is found by its parts too: STATE_MISMATCH, getToken, client-credentials. */
const partsOf = (word) => word.split(/[_-]|(?<=\p{Ll})(?=\p{Lu})/u)
const lower = (word) => word.toLowerCase()

function createIndex(sections) {
  const index = new MiniSearch({
    fields: ['name', 'heading', 'text'],
    storeFields: ['href', 'title', 'heading', 'text'],
    tokenize: wordsIn,
    processTerm: (word) => [...new Set([word, ...partsOf(word)].map(lower))],
    searchOptions: {
      processTerm: lower,
      combineWith: 'AND',
      prefix: true,
      fuzzy: (word) => (word.length > 4 ? 0.2 : false),
    },
  })
  index.addAll(
    sections.map(([href, title, heading, text], id) => {
      const file = /([\w-]+)\.html/.exec(href)[1]
      // a page is also known by the name of its file: csp, vault
      return { id, href, title, heading, text, name: href.startsWith('api/') ? title : `${title} ${file}` }
    }),
  )
  return index
}

/** Whether every word of the query is in one of the fields `wanted`. */
function allIn({ queryTerms, match }, ...wanted) {
  const terms = Object.keys(match).filter((term) => match[term].some((field) => wanted.includes(field)))
  // which word of the query a word of the index stands for is not said; nearly the same start is enough
  return queryTerms.every((word) => terms.some((term) => term.startsWith(word.slice(0, Math.max(3, word.length - 2)))))
}

/**
 * Title before heading before text, and what is written by hand before the reference, unless the query is the name of an
 * export.
 */
function rankOf(found, asked) {
  const { title, heading } = found
  const isPage = title === heading
  const name = title.replace(/\(\)$|<.*/, '')
  if (isReference(found)) {
    if (name === asked.replace(/\(\)$/, '') && isPage) return /\p{Lu}|_/u.test(asked) ? 5 : 1.75
    return allIn(found, 'name') ? 1.5 : allIn(found, 'heading') ? 1 : 0
  }
  const phrase = lower(heading).includes(lower(asked)) ? 0.5 : 0
  if (allIn(found, 'name')) return 3 + phrase + (isPage ? 1 : 0)
  return allIn(found, 'heading') ? 2 + phrase : allIn(found, 'name', 'heading') ? 1.6 : 0.5
}

function search(index, asked) {
  const ranked = index
    .search(asked)
    .map((found) => ({ ...found, rank: rankOf(found, asked) }))
    .sort((one, other) => other.rank - one.rank || other.score - one.score)
  const ofPage = {}
  const listed = ranked.filter(({ href }) => {
    const [file] = href.split('#')
    ofPage[file] = (ofPage[file] ?? 0) + 1
    return ofPage[file] <= mostOfOnePage
  })
  return { all: ranked.length, listed: listed.slice(0, longestList) }
}

/** `text` as nodes, with the words `terms` marked. */
function marked(text, terms) {
  const sorted = terms.toSorted((one, other) => other.length - one.length)
  const pattern = new RegExp(`(${sorted.map((term) => term.replace(/[$-]/g, '\\$&')).join('|')})`, 'gi')
  return text
    .split(pattern)
    .map((part, at) => (at % 2 === 0 ? part : Object.assign(document.createElement('mark'), { textContent: part })))
}

function excerpt(text, terms) {
  const lower = text.toLowerCase()
  const places = terms.map((term) => lower.indexOf(term)).filter((at) => at >= 0)
  const first = places.length === 0 ? 0 : Math.min(...places)
  const start = first < 60 ? 0 : text.lastIndexOf(' ', first - 40) + 1
  const rest = text.slice(start)
  const shown = rest.length > 150 ? `${rest.slice(0, rest.lastIndexOf(' ', 150))} …` : rest
  return start > 0 ? `… ${shown}` : shown
}

function entry({ href, title, heading, text, terms }) {
  const make = (tag, ...children) => {
    const element = document.createElement(tag)
    element.append(...children)
    return element
  }
  const link = make('a', make('b', ...marked(heading, terms)))
  link.href = root + href
  if (title !== heading) link.append(' ', make('small', ...marked(title, terms)))
  if (isReference({ href })) link.append(' ', make('small', 'API'))
  link.append(make('span', ...marked(excerpt(text, terms), terms)))
  return make('li', link)
}

async function find() {
  const asked = field.value.trim()
  const { all, listed } = asked === '' ? { all: 0, listed: [] } : search(await load(), asked)
  if (asked !== field.value.trim()) return
  list.replaceChildren(...listed.map(entry))
  count.textContent = asked === '' ? '' : all === 0 ? 'Nothing found' : `${all} found`
}

field.addEventListener('focus', load)
field.addEventListener('input', find)
form.addEventListener('submit', async (event) => {
  event.preventDefault()
  await find()
  list.querySelector('a')?.click()
})
document.addEventListener('keydown', (event) => {
  const { key, target } = event
  const isTyping = target.matches?.('input, textarea, select')
  if (key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) field.focus()
  else if (key === 'Escape' && form.contains(target)) {
    field.value = ''
    field.focus()
    void find()
  } else if ((key === 'ArrowDown' || key === 'ArrowUp') && form.contains(target)) {
    const stops = [field, ...list.querySelectorAll('a')]
    stops[stops.indexOf(target) + (key === 'ArrowDown' ? 1 : -1)]?.focus()
  } else return
  event.preventDefault()
})
document.addEventListener('click', ({ target }) => {
  // a click next to the results closes them
  if (!form.contains(target)) list.replaceChildren()
})
