// Small manners of every page: menus, the navigation on narrow screens, the time zone of the browser, confirmations, the end of a session.
(() => {
  const root = document.documentElement;

  // what a visitor opened stays open, and what scripts drew stays drawn, when a live part is swapped
  if (window.Idiomorph) {
    const callbacks = window.Idiomorph.defaults.callbacks;
    callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && (node.tagName === "DETAILS" || node.tagName === "DIALOG"));
    callbacks.beforeNodeMorphed = (before) => !(before.classList && before.classList.contains("chart")) && !(before.classList && before.classList.contains("fresh"));
  }

  // menus close by Escape, and by a click beside them
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open], .tile details[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
      return;
    }
    const frame = document.querySelector(".frame[data-menu='open']");
    if (frame) toggleMenu(frame);
  });
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.menu[open], .tile details[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });

  function toggleMenu(frame) {
    const open = frame.dataset.menu !== "open";
    frame.dataset.menu = open ? "open" : "closed";
    const button = document.querySelector(".menu-toggle");
    button.setAttribute("aria-expanded", String(open));
    if (open) frame.querySelector(".rail a").focus();
    else button.focus();
  }
  document.addEventListener("click", (event) => {
    const frame = document.querySelector(".frame");
    if (!frame) return;
    if (event.target.closest(".menu-toggle")) toggleMenu(frame);
    else if (frame.dataset.menu === "open" && !event.target.closest(".rail")) toggleMenu(frame);
  });

  // forms that ask before they act
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog).showModal();
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog").close();
  });

  // filters apply as they are chosen
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-submits]");
    if (field) field.form.requestSubmit();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy");
    }
    say(button.dataset.copied);
  });

  for (const field of document.querySelectorAll("input[data-time-zone]")) {
    field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  }

  // a form is sent once
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  });

  // one polite voice for assistive technology
  function say(text) {
    const voice = document.getElementById("voice");
    if (voice && text) voice.textContent = text;
  }
  window.consoleSay = say;

  // j and k move between the rows of a list, / goes to the search field; single keys can be turned off in the account
  if (root.dataset.keys === "on") {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
      if (event.key === "/") {
        const field = document.querySelector("[data-search]");
        if (field) {
          event.preventDefault();
          field.focus();
        }
      } else if (event.key === "j" || event.key === "k") {
        const rows = [...document.querySelectorAll("[data-row] a:first-of-type")];
        const at = rows.findIndex((row) => row.closest("[data-row]").contains(document.activeElement));
        const next = rows[at + (event.key === "j" ? 1 : -1)] || rows[event.key === "j" ? 0 : rows.length - 1];
        if (next) next.focus();
      }
    });
  }

  // warn before the session ends, and let it be prolonged
  const ends = Date.parse(root.dataset.sessionEnds || "");
  if (ends) {
    const warning = document.getElementById("session-warning");
    const left = () => ends - Date.now();
    const look = () => {
      if (warning && left() < 5 * 60 * 1000) warning.hidden = false;
    };
    setInterval(look, 20000);
  }
})();
