// Parts of a page that follow a topic: <div data-live="campaign:ID" hx-get="..." hx-trigger="refresh" hx-swap="morph:outerHTML">.
// The stream says that a topic changed; each visible tab then fetches its parts, with its own visitor's rights.
(() => {
  const root = document.documentElement;
  const address = root.dataset.liveAddress;
  if (!address) return;
  const LATE_MS = 12000;
  let lastHeard = 0;
  let ended = false;
  let paused = false;
  let port = null;
  let source = null;
  let sent = "";
  const stale = new Set();

  const parts = () => document.querySelectorAll("[data-live]");
  const watched = () => [...new Set([...parts()].map((part) => part.dataset.live))].sort();

  function stamp(state) {
    for (const fresh of document.querySelectorAll(".fresh")) {
      if (fresh.dataset.state === state && state !== "live") continue;
      fresh.dataset.state = state;
      const words = fresh.dataset[state] || "";
      if (fresh.textContent !== words) fresh.textContent = words;
    }
  }

  function refresh(topic) {
    if (document.hidden || paused) {
      stale.add(topic);
      return;
    }
    for (const part of parts()) {
      if (part.dataset.live === topic && part.hasAttribute("hx-get")) window.htmx.trigger(part, "refresh");
    }
  }

  function heard(message) {
    if (message.kind === "changed") {
      lastHeard = Date.now();
      document.dispatchEvent(new CustomEvent("console:figures", { detail: message }));
      refresh(message.topic);
      stamp("live");
    } else if (message.kind === "beat" || message.kind === "open") {
      lastHeard = Date.now();
      if (!paused) stamp("live");
    } else if (message.kind === "ended") {
      ended = message.why === "session";
      stamp("lost");
    } else if (message.kind === "late") {
      stamp("late");
    }
  }

  function direct() {
    // browsers without shared workers: a stream of this tab's own, closed while the tab is hidden
    if (source !== null) source.close();
    source = null;
    const topics = watched();
    if (topics.length === 0 || document.hidden) return;
    source = new EventSource(`${address}?${new URLSearchParams(topics.map((topic) => ["topic", topic]))}`);
    source.addEventListener("open", () => heard({ kind: "open" }));
    source.addEventListener("beat", () => heard({ kind: "beat" }));
    source.addEventListener("changed", (event) => heard({ kind: "changed", ...JSON.parse(event.data) }));
    source.addEventListener("ended", (event) => {
      source.close();
      heard({ kind: "ended", ...JSON.parse(event.data) });
    });
    source.addEventListener("error", () => heard({ kind: "late" }));
  }

  function watch() {
    const topics = watched();
    const key = topics.join("\n");
    if (key === sent) return;
    sent = key;
    if (port !== null) port.postMessage({ kind: "watch", address, topics });
    else direct();
  }

  if ("SharedWorker" in window) {
    const worker = new SharedWorker(root.dataset.liveWorker, { name: `console live ${root.dataset.liveSession}` });
    port = worker.port;
    port.addEventListener("message", (event) => heard(event.data));
    port.start();
    setInterval(() => port.postMessage({ kind: "here" }), 10000);
    window.addEventListener("pagehide", () => port.postMessage({ kind: "bye" }));
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) {
        sent = "";
        watch();
      }
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (port === null) direct();
    if (document.hidden) return;
    if (port !== null) {
      port.postMessage({ kind: "here" });
      sent = "";
      watch();
    }
    catchUp();
  });

  function catchUp() {
    const topics = [...stale];
    stale.clear();
    topics.forEach(refresh);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-live-pause]");
    if (!button) return;
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    stamp(paused ? "paused" : "live");
    if (!paused) catchUp();
  });

  setInterval(() => {
    if (!ended && !paused && lastHeard && Date.now() - lastHeard > LATE_MS) stamp("late");
  }, 2000);

  document.addEventListener("htmx:afterSettle", watch);
  watch();
})();
