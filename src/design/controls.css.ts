/** Buttons, fields, tables and code. */
export const controlStyle = `button,
.button {
  display: inline-block;
  min-height: 2.75rem;
  padding: var(--ims-space-s) 1.25rem;
  border: 1px solid var(--ims-accent);
  border-radius: var(--ims-radius);
  color: var(--ims-on-accent);
  background: var(--ims-accent);
  font: inherit;
  font-weight: 600;
  text-decoration: none;
  cursor: pointer;
}
button.quiet,
.quiet button {
  color: var(--ims-ink);
  background: transparent;
  border-color: var(--ims-edge);
}
button:hover,
.button:hover {
  filter: brightness(1.08);
}
button:disabled {
  opacity: 0.65;
  cursor: progress;
}
.actions {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
}
label {
  display: block;
  margin: var(--ims-space) 0 var(--ims-space-xs);
  font-weight: 600;
}
input,
select,
textarea {
  width: 100%;
  min-height: 2.75rem;
  padding: var(--ims-space-s) 0.75rem;
  border: 1px solid var(--ims-edge);
  border-radius: var(--ims-radius);
  color: inherit;
  background: var(--ims-paper);
  font: inherit;
}
input[type="checkbox"],
input[type="radio"] {
  width: auto;
  min-height: 0;
}
code,
pre,
output {
  font: var(--ims-text-s) / 1.6 var(--ims-code-font);
}
pre,
output {
  display: block;
  margin: 0 0 var(--ims-space);
  padding: 0.75rem var(--ims-space);
  border: 1px solid var(--ims-line);
  border-radius: var(--ims-radius);
  background: var(--ims-shade);
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
dl {
  margin: 0 0 var(--ims-space-l);
}
dl > div {
  display: flex;
  justify-content: space-between;
  gap: var(--ims-space);
  padding: 0.625rem 0;
  border-bottom: 1px solid var(--ims-line);
}
dt {
  color: var(--ims-soft);
}
dd {
  margin: 0;
  overflow-wrap: anywhere;
}
dl > div > dd {
  text-align: end;
}
details {
  border-top: 1px solid var(--ims-line);
}
details:last-of-type {
  border-bottom: 1px solid var(--ims-line);
}
summary {
  min-height: 2.75rem;
  padding: 0.6rem 0;
  font-weight: 600;
  cursor: pointer;
}
table {
  width: 100%;
  border-collapse: collapse;
}
th,
td {
  padding: var(--ims-space-s) 0.75rem var(--ims-space-s) 0;
  border-bottom: 1px solid var(--ims-line);
  text-align: start;
  vertical-align: top;
  overflow-wrap: anywhere;
}
th {
  color: var(--ims-soft);
  font-weight: 600;
}
`
