// Finds sections by their words. The index is loaded when the field gets the focus.
const form = document.querySelector('form[role=search]')
const [field, count, list] = ['input', 'output', 'ul'].map((name) => form.querySelector(name))
let loading
form.hidden = false

function load() {
  loading ??= new Promise((resolve) => {
    const script = document.createElement('script')
    script.src = 'search-index.js'
    script.onload = () => resolve(globalThis.sections)
    document.head.append(script)
  })
  return loading
}

async function find() {
  const asked = field.value
  const words = asked.toLowerCase().match(/\S+/g) ?? []
  const sections = words.length === 0 ? [] : await load()
  if (asked !== field.value) return
  const found = sections
    .map(([href, heading, page, text]) => {
      const title = `${heading} ${page}`.toLowerCase()
      const inTitle = words.filter((word) => title.includes(word)).length
      return { href, heading, page, inTitle, fits: words.every((word) => title.includes(word) || text.includes(word)) }
    })
    .filter(({ fits }) => fits)
    .sort((a, b) => b.inTitle - a.inTitle)
  list.replaceChildren(
    ...found.slice(0, 12).map(({ href, heading, page }) => {
      const link = Object.assign(document.createElement('a'), { href, textContent: heading })
      if (page !== heading) link.append(Object.assign(document.createElement('small'), { textContent: ` ${page}` }))
      const item = document.createElement('li')
      item.append(link)
      return item
    }),
  )
  count.textContent = words.length === 0 ? '' : found.length === 0 ? 'Nothing found' : `${found.length} found`
}

field.addEventListener('focus', load)
field.addEventListener('input', find)
form.addEventListener('submit', (event) => {
  event.preventDefault()
  list.querySelector('a')?.click()
})
document.addEventListener('keydown', (event) => {
  const { key, target } = event
  if (key === '/' && target !== field && !event.ctrlKey && !event.metaKey) field.focus()
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
