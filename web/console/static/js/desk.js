// Single keys of the desk: a key presses the button, follows the link or goes to the field that names it. They can be turned off in the account.
"use strict";

document.addEventListener("keydown", (event) => {
  if (document.documentElement.dataset.keys !== "on") return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (!/^[a-z]$/.test(event.key)) return;
  const found = document.querySelector(`[data-key="${event.key}"]`);
  if (!found || found.disabled) return;
  event.preventDefault();
  if (found.matches("input, textarea")) found.focus();
  else found.click();
});

// what an agent has typed stays when the desk is refreshed
if (window.Idiomorph) {
  const callbacks = window.Idiomorph.defaults.callbacks;
  const before = callbacks.beforeNodeMorphed;
  callbacks.beforeNodeMorphed = (node, next) => {
    if (node instanceof Element && node.matches("input:not([type=hidden]), textarea") && node.value !== node.defaultValue) return false;
    return before ? before(node, next) : true;
  };
}
