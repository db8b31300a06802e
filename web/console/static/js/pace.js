// The lines of a monitor: dials, answers, calls at once. Fetched when the campaign's topic changes, every two seconds at most.
(() => {
  const EVERY_MS = 2000;
  let plot = null;
  let timer = null;
  let last = 0;

  const box = () => document.getElementById("pace");
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function times(_plot, splits) {
    const place = box();
    if (!place) return splits;
    const long = splits.length > 1 && splits[splits.length - 1] - splits[0] > 2 * 86400;
    const short = splits.length > 1 && splits[1] - splits[0] < 60;
    const form = new Intl.DateTimeFormat(document.documentElement.lang, {
      timeZone: place.dataset.zone,
      hourCycle: "h23",
      ...(long ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", ...(short ? { second: "2-digit" } : {}) }),
    });
    return splits.map((at) => form.format(new Date(at * 1000)));
  }

  function axes() {
    const line = { stroke: () => color("--c-quiet"), grid: { stroke: () => color("--c-line"), width: 1 }, ticks: { stroke: () => color("--c-line"), width: 1 } };
    return [{ ...line, values: times, space: 80 }, { ...line, size: 44 }];
  }

  function draw(data) {
    const place = box();
    if (!place) return;
    const rows = [data.at, data.dials, data.answered, data.live];
    if (plot !== null && plot.root.parentNode === place) {
      plot.setData(rows);
      return;
    }
    if (plot !== null) plot.destroy();
    place.replaceChildren();
    const bars = (label, name) => ({ label, stroke: () => color(name), fill: () => `${color(name)}22`, width: 2, points: { show: false } });
    plot = new uPlot(
      {
        width: place.clientWidth,
        height: 208 - 34,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), place.dataset.zone),
        cursor: { y: false },
        legend: { live: true },
        axes: axes(),
        scales: { y: { range: (_u, low, high) => [0, Math.max(4, high * 1.1)] } },
        series: [
          { label: place.dataset.time, value: (plot, at) => (at === null ? "–" : times(plot, [at])[0]) },
          bars(place.dataset.dials, "--c-line-1"),
          bars(place.dataset.answered, "--c-line-2"),
          { label: place.dataset.live, stroke: () => color("--c-line-3"), width: 2, dash: [5, 4], points: { show: false } },
        ],
      },
      rows,
      place,
    );
  }

  async function load() {
    timer = null;
    const place = box();
    if (!place || document.hidden) return;
    last = Date.now();
    try {
      const answer = await fetch(place.dataset.source, { headers: { Accept: "application/json" } });
      if (answer.ok) draw(await answer.json());
    } catch {
      // the freshness mark says that nothing comes; the next change tries again
    }
  }

  function soon() {
    if (timer === null) timer = setTimeout(load, Math.max(0, last + EVERY_MS - Date.now()));
  }

  document.addEventListener("console:figures", (event) => {
    const place = box();
    if (place && event.detail.topic === place.dataset.topic) soon();
  });
  document.addEventListener("console:theme", () => plot && plot.redraw());
  document.addEventListener("visibilitychange", () => document.hidden || soon());
  document.addEventListener("htmx:afterSettle", () => box() && !box().firstChild && soon());
  window.addEventListener("resize", () => plot && box() && plot.setSize({ width: box().clientWidth, height: 208 - 34 }));
  load();
})();
