// One stream for all tabs of a browser: a SharedWorker holds the EventSource, tabs say which topics they watch.
const tabs = new Map(); // port -> {topics, at}
let source = null;
let topics = "";
let address = "";
let retry = null;

const GONE_MS = 45000;

function wanted() {
  const all = new Set();
  for (const tab of tabs.values()) for (const topic of tab.topics) all.add(topic);
  return [...all].sort();
}

function tell(message, topic) {
  for (const [port, tab] of tabs) {
    if (topic === undefined || tab.topics.has(topic)) port.postMessage(message);
  }
}

function connect() {
  clearTimeout(retry);
  const now = wanted();
  const key = now.join("\n");
  if (source !== null && key === topics && source.readyState !== EventSource.CLOSED) return;
  if (source !== null) source.close();
  source = null;
  topics = key;
  if (now.length === 0) return;
  const query = new URLSearchParams(now.map((topic) => ["topic", topic]));
  const mine = new EventSource(`${address}?${query}`);
  source = mine;
  mine.addEventListener("open", () => tell({ kind: "open" }));
  mine.addEventListener("beat", () => tell({ kind: "beat" }));
  mine.addEventListener("changed", (event) => {
    const data = JSON.parse(event.data);
    tell({ kind: "changed", ...data }, data.topic);
  });
  mine.addEventListener("ended", (event) => {
    mine.close();
    const { why } = JSON.parse(event.data);
    tell({ kind: "ended", why });
    if (why === "stopped") retry = setTimeout(connect, 2000);
  });
  mine.addEventListener("error", () => {
    tell({ kind: "late" });
    if (mine.readyState === EventSource.CLOSED && source === mine) retry = setTimeout(connect, 3000);
  });
}

function sweep() {
  const now = Date.now();
  for (const [port, tab] of tabs) if (now - tab.at > GONE_MS) tabs.delete(port);
  connect();
}
setInterval(sweep, 15000);

function heard(port, data) {
  if (data.kind === "watch") {
    address = data.address;
    tabs.set(port, { topics: new Set(data.topics), at: Date.now() });
    connect();
  } else if (data.kind === "here" && tabs.has(port)) {
    tabs.get(port).at = Date.now();
  } else if (data.kind === "bye") {
    tabs.delete(port);
    connect();
  }
}

self.addEventListener("connect", (event) => {
  const port = event.ports[0];
  port.addEventListener("message", (message) => heard(port, message.data));
  port.start();
});
