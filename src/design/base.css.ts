/** Text on a page. `main` is a card in the middle of a window if `body` has the class `ims-card`. */
export const baseStyle = `* {
  box-sizing: border-box;
}
[hidden][hidden] {
  display: none;
}
body {
  margin: 0;
  color: var(--ims-ink);
  background: var(--ims-paper);
  font: var(--ims-text) / 1.6 var(--ims-font);
  overflow-wrap: break-word;
}
h1,
h2,
h3 {
  margin: var(--ims-space-l) 0 var(--ims-space-s);
  font-size: var(--ims-text-l);
  line-height: 1.3;
  text-wrap: balance;
}
h1 {
  margin: 0 0 var(--ims-space);
  font-size: var(--ims-text-xxl);
  letter-spacing: -0.015em;
}
h2 {
  font-size: var(--ims-text-xl);
}
p {
  margin: 0 0 var(--ims-space);
}
a {
  color: var(--ims-accent);
  text-underline-offset: 0.15em;
}
:focus-visible {
  outline: 3px solid var(--ims-accent);
  outline-offset: 2px;
}
[role=alert]:not(:empty) {
  padding: var(--ims-space-s) var(--ims-space);
  border-inline-start: 4px solid var(--ims-alert);
  background: color-mix(in srgb, var(--ims-alert) 10%, transparent);
}
.ims-card {
  min-height: 100vh;
  padding: clamp(1rem, 8vh, 5rem) 1rem 2rem;
  background: var(--ims-ground);
}
.ims-card main {
  max-width: 30rem;
  margin: 0 auto;
  padding: clamp(1.25rem, 5vw, 2.25rem);
  border: 1px solid var(--ims-line);
  border-radius: var(--ims-radius-l);
  background: var(--ims-paper);
  overflow-wrap: anywhere;
}
.ims-card main > :last-child {
  margin-bottom: 0;
}
`
