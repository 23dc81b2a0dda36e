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

function createIndex(sections) {
  const index = new MiniSearch({
    fields: ['title', 'heading', 'text'],
    storeFields: ['href', 'title', 'heading', 'text'],
    // names of programs are words: STATE_MISMATCH, get-token
    tokenize: (text) => text.match(/[\p{L}\p{N}_$-]+/gu) ?? [],
    searchOptions: {
      combineWith: 'AND',
      prefix: true,
      fuzzy: (word) => (word.length > 4 ? 0.2 : false),
    },
  })
  index.addAll(sections.map(([href, title, heading, text], id) => ({ id, href, title, heading, text })))
  return index
}

/** 3 if every word is in the title of the page, 2 if in the heading, 1 if in both together, 0 if only in the text. */
function rankOf({ queryTerms, match, title, heading }) {
  const words = new Set(queryTerms)
  const fields = Object.entries(match)
  // which word of the query a word of the index stands for is not said; the same start is near enough
  const isIn = (wanted) => (word) =>
    fields.some(([term, names]) => names.some((name) => wanted.includes(name)) && near(term, word))
  const all = (...wanted) => [...words].every(isIn(wanted))
  if (all('title')) return title === heading ? 3.5 : 3
  return all('heading') ? 2 : all('title', 'heading') ? 1 : 0
}
const near = (term, word) => term.startsWith(word.slice(0, Math.max(3, word.length - 2)))

function search(index, asked) {
  const ranked = index
    .search(asked)
    .map((found) => ({ ...found, rank: rankOf(found) - (found.href.startsWith('api/') ? 0.75 : 0) }))
    // the name of a function, exactly
    .map((found) =>
      plain(found.title) === plain(asked) && found.title === found.heading ? { ...found, rank: 4 } : found,
    )
    .sort((one, other) => other.rank - one.rank || other.score - one.score)
  const ofPage = {}
  const listed = ranked.filter(({ title }) => {
    ofPage[title] = (ofPage[title] ?? 0) + 1
    return ofPage[title] <= mostOfOnePage
  })
  return { all: ranked.length, listed: listed.slice(0, longestList) }
}
const plain = (text) => text.toLowerCase().replace(/\W/g, '')

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
  return `${start > 0 ? '… ' : ''}${text.slice(start, start + 150)}${text.length > start + 150 ? ' …' : ''}`
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
  if (href.startsWith('api/')) link.append(' ', make('small', 'API'))
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
