// What a page of the site adds for browsers with scripts: copy buttons, the theme, hints at what scrolls, search.
import './search.page.js'

const icon =
  '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M5 5h8v9H5zM3 11V2h8" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'

const said = document.querySelector('#said')
for (const block of document.querySelectorAll('.code')) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'copy', innerHTML: icon })
  button.ariaLabel = 'Copy the code'
  button.title = 'Copy'
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(block.querySelector('code').textContent)
      said.textContent = 'Copied'
      button.classList.add('done')
      button.onblur = () => button.classList.remove('done')
    } catch {
      // the user copies the selection by the keyboard
      getSelection().selectAllChildren(block.querySelector('code'))
      said.textContent = 'Selected: press Ctrl+C to copy'
    }
  }
  block.append(button)
}

/** Marks boxes with more content at their right edge. */
const isCut = (box) => box.scrollLeft + box.clientWidth < box.scrollWidth - 1
const mark = (box) => box.parentElement.toggleAttribute('data-more', isCut(box))
const sizes = new ResizeObserver((all) => {
  for (const { target } of all) mark(target)
})
for (const box of document.querySelectorAll('.code > pre, .scroll > .wide')) {
  sizes.observe(box)
  box.addEventListener('scroll', () => mark(box), { passive: true })
}

const contents = document.querySelector('.toc details')
const wide = matchMedia('(min-width: 75rem)')
const arrange = () => {
  if (contents) contents.open = wide.matches
}
wide.addEventListener('change', arrange)
arrange()
contents?.addEventListener('click', ({ target }) => {
  if (target.matches('a') && !wide.matches) contents.open = false
})

// the page that is open is in sight in the long list of all pages
const list = document.querySelector('.side')
const current = list.querySelector('[aria-current]')
if (current) list.scrollTop = current.offsetTop - list.clientHeight / 2

const themes = ['auto', 'light', 'dark']
const toggle = document.querySelector('#theme')
let theme = document.documentElement.style.colorScheme || 'auto'
const show = () => {
  document.documentElement.style.colorScheme = theme === 'auto' ? '' : theme
  toggle.textContent = `Theme: ${theme}`
}
toggle.hidden = false
toggle.onclick = () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length]
  try {
    localStorage.theme = theme
  } catch {
    // without storage the choice is for this page
  }
  show()
}
show()
