import MarkdownIt from 'markdown-it'
import { breakable } from './markdown.mjs'

const { escapeHtml } = new MarkdownIt().utils

/** Before the first paint, or a page would show the other colours for a moment. */
const storedTheme = `try{if(localStorage.theme!=='auto')document.documentElement.style.colorScheme=localStorage.theme||''}catch{}`

const link = ({ file, label }, root, current) =>
  `<li><a href="${root}${file}"${file === current ? ' aria-current="page"' : ''}>${escapeHtml(label)}</a></li>`

function navigation(groups, root, current) {
  const shown = groups.map(
    ({ title, pages }) =>
      `<h2>${escapeHtml(title)}</h2><ul>${pages.map((page) => link(page, root, current)).join('')}</ul>`,
  )
  return `<nav class="side" id="pages" aria-label="All pages" popover>${shown.join('')}</nav>`
}

function contentsOf(headings) {
  const listed = headings.filter(({ level }) => level === 2 || level === 3)
  if (listed.length < 2) return ''
  const items = listed.map(
    ({ level, text, id }) => `<li class="level-${level}"><a href="#${id}">${breakable(text, 16)}</a></li>`,
  )
  return `<nav class="toc" aria-label="On this page"><details><summary>On this page</summary><ul>${items.join('')}</ul></details></nav>`
}

function neighbours({ previous, next }, root) {
  const side = (page, name) =>
    page === undefined
      ? ''
      : `<a class="${name.toLowerCase()}" href="${root}${page.file}"><small>${name}</small> ${escapeHtml(page.label)}</a>`
  if (previous === undefined && next === undefined) return ''
  return `<nav class="turn" aria-label="Previous and next page">${side(previous, 'Previous')}${side(next, 'Next')}</nav>`
}

/**
 * A page of the site: what all pages have around `body`.
 *
 * `menu` is in the sidebar entry of which page this one is.
 */
export function shell({ file, title, description, body, headings, groups, above = '', menu = file, ...turn }) {
  const root = '../'.repeat(file.split('/').length - 1)
  const name = title === 'imskit' ? title : `${title} — imskit`
  return `<!doctype html>
<html lang="en" data-root="${root}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(description)}">
<title>${escapeHtml(name)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}site.css">
<script>${storedTheme}</script>
<script src="${root}page.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="brand" href="${root}index.html">imskit</a>
<form role="search" hidden>
<label for="search">Search</label>
<input id="search" type="search" autocomplete="off" placeholder="Search" aria-keyshortcuts="/">
<div class="found"><output for="search"></output><ul></ul></div>
</form>
<button type="button" class="quiet" id="theme" hidden></button>
<button type="button" class="quiet" id="menu" popovertarget="pages">Pages</button>
</header>
<div class="layout">
${navigation(groups, root, menu)}
${contentsOf(headings)}
<main id="content" tabindex="-1">
${above}${body}
${neighbours(turn, root)}
</main>
</div>
<p class="visually-hidden" id="said" role="status"></p>
</body>
</html>
`
}
