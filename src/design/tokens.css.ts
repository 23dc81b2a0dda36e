/**
 * The values of every page that imskit makes: documentation, emulator, results of logins, examples. Colours come in
 * pairs for light and dark; texts have a contrast of at least 4.5 : 1, borders of controls 3 : 1.
 */
export const designTokens = `:root {
  color-scheme: light dark;
  --ims-ground: light-dark(#f3f4f7, #0f1115);
  --ims-paper: light-dark(#fff, #181b21);
  --ims-shade: light-dark(#f3f4f7, #21252d);
  --ims-ink: light-dark(#1a1c21, #e8eaf0);
  --ims-soft: light-dark(#555b67, #a9b0be);
  --ims-line: light-dark(#dcdfe6, #353b47);
  --ims-edge: light-dark(#7b828e, #7b8392);
  --ims-accent: light-dark(#2952c4, #93b3ff);
  --ims-on-accent: light-dark(#fff, #0f1115);
  --ims-alert: light-dark(#b3261e, #ff9a91);
  --ims-font: system-ui, sans-serif;
  --ims-code-font: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  --ims-text-s: 0.875rem;
  --ims-text: 1rem;
  --ims-text-l: 1.125rem;
  --ims-text-xl: 1.375rem;
  --ims-text-xxl: 1.75rem;
  --ims-space-xs: 0.25rem;
  --ims-space-s: 0.5rem;
  --ims-space: 1rem;
  --ims-space-l: 1.5rem;
  --ims-space-xl: 2.5rem;
  --ims-radius: 0.5rem;
  --ims-radius-l: 0.875rem;
}
`
