// One chart over steps: its curves, and their values in a table.
import { address, get } from "./api.js";
import { number, plain, short } from "./format.js";
import { html, useEffect, useRef, useState } from "./h.js";
import { useTheme } from "./keys.js";
import { colour, plot } from "./plot.js";

// The value at x, or the last one before it.
function valueAt(line, x) {
  for (let place = line.x.length - 1; place >= 0; place -= 1) {
    if (x !== null && plain(line.x[place]) > x) continue;
    const y = plain(line.y[place]);
    if (Number.isFinite(y)) return y;
  }
  return null;
}

// The extremes of lines, which every move of the cursor shows again.
const EXTREMES = new WeakMap();

function extremes(line) {
  if (!EXTREMES.has(line)) {
    const finite = line.y.map(plain).filter(Number.isFinite);
    EXTREMES.set(line, finite.length > 0 ? [Math.min(...finite), Math.max(...finite)] : [null, null]);
  }
  return EXTREMES.get(line);
}

// The values of all lines at the cursor, which is also what a screen reader gets.
function Values({ answer, at }) {
  const valued = answer.lines.map((line) => ({ line, value: valueAt(line, at) })).sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const names = short(valued.map(({ line }) => line.run));
  const step = at === null ? "last" : `at ${number(at)}`;
  // Runs of a line, where a line is the mean of several.
  const counted = answer.lines.some((line) => line.n > 1);
  const rest = Array(counted ? 3 : 2).fill(html`<td></td>`);
  return html`<details open=${answer.lines.length + answer.baselines.length < 7}><summary>${answer.lines.length} ${answer.lines.length === 1 ? "line" : "lines"}</summary>
    <div class="values" tabindex="0" role="region" aria-label=${`values of ${answer.key}`}><table>
    <thead><tr><th scope="col">line</th><th scope="col">${step}</th><th scope="col">least</th><th scope="col">greatest</th>${counted && html`<th scope="col" class="runs">n</th>`}</tr></thead>
    <tbody>
      ${valued.map(({ line, value }, place) => html`<tr><td title=${line.run}><i class="key" style=${`background: ${colour(line.colour)}`}></i> ${names[place]}</td>
        <td class="number">${number(value)}</td>${extremes(line).map((one) => html`<td class="number">${number(one)}</td>`)}
        ${counted && html`<td class="number">${line.n}</td>`}</tr>`)}
      ${answer.baselines.map((one) => html`<tr class="faint"><td>baseline: ${one.name}</td><td class="number">${number(one.y)}</td>${rest}</tr>`)}
    </tbody></table></div></details>`;
}

// The curves of a request, asked for again when something changed or while they are being read.
function useSeries(query, changed) {
  const [answer, setAnswer] = useState(null);
  const [error, setError] = useState("");
  useEffect(() => {
    if (query === null) {
      setAnswer(null);
      return undefined;
    }
    const stop = new AbortController();
    let again = 0;
    const show = (chart) => {
      setError("");
      setAnswer(chart);
      if (!chart.complete) again = setTimeout(ask, 300);
    };
    const refuse = (failed) => failed.name !== "AbortError" && setError(failed.message);
    const ask = () => get("series", query, stop.signal).then(show, refuse);
    ask();
    return () => {
      clearTimeout(again);
      stop.abort();
    };
  }, [JSON.stringify(query), changed]);
  return [answer, error];
}

function sentence(answer, title) {
  const line = (one) => {
    const [least, greatest] = extremes(one);
    return `${one.run} ends at ${number(valueAt(one, null))}, least ${number(least)}, greatest ${number(greatest)}`;
  };
  return `${title} over ${answer?.x ?? "steps"}. ${(answer?.lines ?? []).slice(0, 5).map(line).join("; ")}`;
}

export function Chart({ title, runs, by, x, range, zoom, smooth, logX, logY, told }) {
  const place = useRef(null);
  const [at, setAt] = useState(null);
  const [full, setFull] = useState(false);
  const [drawnAgain, setDrawnAgain] = useState(0);
  const query = { run: runs, key: title, by, x, smooth, from: range[0], to: range[1], pixels: 800 };
  const changed = useRef(0);
  if (told.kind === "resync" || (told.kind === "series" && runs.includes(told.data.run))) changed.current = told.count;
  const [answer, error] = useSeries(query, changed.current);
  const [raw] = useSeries(smooth && !by ? { ...query, smooth: undefined } : null, changed.current);
  const again = () => setDrawnAgain((times) => times + 1);
  useTheme(again);
  useEffect(() => {
    let width = place.current.clientWidth;
    const watcher = new ResizeObserver(([entry]) => {
      if (Math.abs(entry.contentRect.width - width) < 2) return;
      width = entry.contentRect.width;
      again();
    });
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    if (!answer) return undefined;
    const wishes = { logX, logY, zoom, cursor: setAt, height: full ? Math.max(240, innerHeight - 320) : 220 };
    const chart = plot(place.current, answer, raw, wishes);
    return () => chart.destroy();
  }, [answer, raw, logX, logY, full, drawnAgain]);
  const file = (kind) => address("export", { ...query, view: "series", as: kind, log_y: logY, log_x: logX });
  return html`<figure class=${full ? "full" : ""} onDblClick=${() => zoom([])}>
    <figcaption><strong>${title}</strong>
      ${answer?.complete === false && html`<span>reading…</span>`}
      ${answer?.bad.length > 0 && html`<span class="bad">not finite at step ${answer.bad.slice(0, 3).map((one) => one.step).join(", ")}${answer.bad.length > 3 ? ", …" : ""}</span>`}
      <span class="end">${["svg", "png", "csv"].map((kind) => html`<a href=${file(kind)} download data-key="e" aria-label=${`${title} as ${kind}`}>${kind}</a>`)}
        <button class="plain" aria-pressed=${full} aria-label=${`${title} on the whole page`} onClick=${() => setFull(!full)}>${full ? "smaller" : "larger"}</button></span></figcaption>
    ${error && html`<p class="bad">${error}</p>`}
    <div ref=${place} class="plot" role="img" aria-label=${sentence(answer, title)} data-loading=${answer || error ? undefined : ""}></div>
    ${answer && html`<${Values} answer=${answer} at=${at} />`}
  </figure>`;
}
