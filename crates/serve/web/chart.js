// One chart over steps: the only module that knows uPlot, whose script the page has loaded.
import { address, get } from "./api.js";
import { number, plain } from "./format.js";
import { html, useEffect, useRef, useState } from "./h.js";

// Okabe and Ito's colours, as in the figures of the reports; black is the ink of the theme.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const SYNC = "umwelt";

function theme(name) {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

// The lines of an answer over one common x, as uPlot needs them; undefined joins, null is a gap.
function aligned(lines) {
  const xs = [...new Set(lines.flatMap((line) => line.x.map(plain)))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, index) => [x, index]));
  const column = (line, values) => {
    const out = new Array(xs.length).fill(undefined);
    values.forEach((value, index) => {
      const y = plain(value);
      out[place.get(plain(line.x[index]))] = Number.isFinite(y) ? y : null;
    });
    return out;
  };
  const band = (line, sign) => column(line, line.y.map((y, index) => plain(y) + sign * plain(line.deviation[index])));
  const data = [xs];
  for (const line of lines) {
    data.push(column(line, line.y));
    if (line.deviation.length > 0) data.push(band(line, 1), band(line, -1));
  }
  return data;
}

function series(lines) {
  const [all, bands] = [[{}], []];
  for (const line of lines) {
    const stroke = COLOURS[line.colour % COLOURS.length];
    all.push({ label: line.run, stroke, width: 1.5, points: { show: line.x.length < 3 } });
    if (line.deviation.length > 0) {
      const edge = { label: "", stroke: "transparent", points: { show: false } };
      all.push({ ...edge }, { ...edge });
      bands.push({ series: [all.length - 2, all.length - 1], fill: `${stroke}33` });
    }
  }
  return { all, bands };
}

function options(lines, width, logY, zoom) {
  const axis = { stroke: theme("--ink"), grid: { stroke: theme("--line") }, ticks: { stroke: theme("--line") } };
  const { all, bands } = series(lines);
  const select = (plot) => {
    const { left, width } = plot.select;
    if (width > 0) zoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
  };
  return {
    width,
    height: 220,
    series: all,
    bands,
    axes: [{ ...axis }, { ...axis, size: 64 }],
    scales: { x: { time: false }, y: { distr: logY ? 3 : 1 } },
    legend: { show: false },
    cursor: { sync: { key: SYNC }, drag: { x: true, y: false, setScale: false } },
    hooks: { setSelect: [select] },
  };
}

// The last and the range of each line, which is also what a screen reader gets.
function Values({ lines, baselines }) {
  const last = (line) => number(line.y.map(plain).findLast(Number.isFinite));
  return html`<details><summary>${lines.length} lines</summary><table>
    <thead><tr><th scope="col">line</th><th scope="col">last</th><th scope="col">n</th></tr></thead>
    <tbody>
      ${lines.map((line) => html`<tr><td style=${`color: ${COLOURS[line.colour % COLOURS.length]}`}>${line.run}</td>
        <td class="number">${last(line)}</td><td class="number">${line.n}</td></tr>`)}
      ${baselines.map((one) => html`<tr class="faint"><td>baseline: ${one.name}</td><td class="number">${number(one.y)}</td><td></td></tr>`)}
    </tbody></table></details>`;
}

export function Chart({ title, runs, by, smooth, logY, told }) {
  const place = useRef(null);
  const [answer, setAnswer] = useState(null);
  const [range, setRange] = useState([]);
  const [error, setError] = useState("");
  const query = { run: runs, key: title, by, smooth, from: range[0], to: range[1], pixels: 800 };
  const mine = told.kind === "resync" || (told.kind === "series" && runs.includes(told.data.run));
  const changed = useRef(0);
  if (mine) changed.current = told.count;
  useEffect(() => {
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
  }, [runs.join("\n"), title, by, smooth, range[0], range[1], changed.current]);
  useEffect(() => {
    if (!answer || !place.current) return undefined;
    const baselines = answer.baselines.map((one, index) => ({
      run: one.name, colour: index, x: answer.lines[0]?.x ?? [], y: (answer.lines[0]?.x ?? []).map(() => one.y), deviation: [],
    }));
    const lines = [...answer.lines, ...baselines];
    const drawn = options(lines, place.current.clientWidth, logY, setRange);
    drawn.series.slice(-baselines.length || drawn.series.length).forEach((line) => Object.assign(line, { dash: [6, 4], stroke: theme("--faint") }));
    const plot = new window.uPlot(drawn, aligned(lines), place.current);
    return () => plot.destroy();
  }, [answer, logY]);
  const file = (kind) => address("export", { ...query, view: "series", as: kind, log_y: logY });
  return html`<figure onDblClick=${() => setRange([])}>
    <figcaption><strong>${title}</strong> ${range.length > 0 && html`<button class="plain" onClick=${() => setRange([])}>whole</button>`}
      ${["svg", "png", "csv"].map((kind) => html` <a href=${file(kind)} download>${kind}</a>`)}
      ${answer?.complete === false && " reading…"}
      ${answer?.bad.length > 0 && html` <span class="bad">not finite at step ${answer.bad[0].step}</span>`}</figcaption>
    ${error && html`<p class="bad">${error}</p>`}
    <div ref=${place} role="img" aria-label=${`${title} over steps, ${answer?.lines.length ?? 0} lines`}></div>
    ${answer && html`<${Values} lines=${answer.lines} baselines=${answer.baselines} />`}
  </figure>`;
}
