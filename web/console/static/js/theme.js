// Light or dark, before anything is painted: the visitor's choice, else the system's.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const wanted = root.dataset.theme;
    root.dataset.bsTheme = wanted === "light" || wanted === "dark" ? wanted : dark.matches ? "dark" : "light";
    document.dispatchEvent(new CustomEvent("console:theme"));
  };
  dark.addEventListener("change", apply);
  apply();
})();
