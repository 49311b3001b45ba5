// The only module that knows uPlot, whose script the page has loaded.
import { marks, plain } from "./format.js";

// Okabe and Ito's colours, as in the figures of the reports; black is the ink of the theme.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES = [[], [8, 3], [2, 3]];
const SYNC = "umwelt";

export function colour(index) {
  return COLOURS[index % COLOURS.length];
}

// Lines beyond the colours are told apart by their dashes.
function dash(index) {
  return DASHES[Math.floor(index / COLOURS.length) % DASHES.length];
}

// A colour of the style sheet as a canvas takes it.
export function inkOf(name) {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

// What is drawn: faint raw lines, then lines with their bands, then baselines.
function drawn(answer, raw) {
  const ends = answer.lines.flatMap((line) => [line.x[0], line.x.at(-1)]).filter((x) => x !== undefined).map(plain);
  const across = [Math.min(...ends), Math.max(...ends)];
  const faint = inkOf("--faint");
  const base = (one) => ({ x: across, y: [one.y, one.y], deviation: [], label: one.name, style: { stroke: faint, dash: [4, 4], width: 1 } });
  return [
    ...(raw?.lines ?? []).map((line) => ({ ...line, deviation: [], label: "", style: { stroke: `${colour(line.colour)}55`, width: 1 } })),
    ...answer.lines.map((line) => ({ ...line, label: line.run, style: { stroke: colour(line.colour), dash: dash(line.colour), width: 1.75 } })),
    ...(ends.length > 0 ? answer.baselines.map(base) : []),
  ];
}

// The lines over one common x, as uPlot needs them; undefined joins, null is a gap.
function aligned(lines) {
  const xs = [...new Set(lines.flatMap((line) => line.x.map(plain)))].sort((a, b) => a - b);
  const column = (line, values) => {
    const out = new Array(xs.length).fill(undefined);
    let place = 0;
    values.forEach((value, index) => {
      // The x of a line ascend.
      while (xs[place] < plain(line.x[index])) place += 1;
      const y = plain(value);
      out[place] = Number.isFinite(y) ? y : null;
    });
    return out;
  };
  const band = (line, sign) => column(line, line.y.map((y, index) => plain(y) + sign * plain(line.deviation[index])));
  return [xs, ...lines.flatMap((line) => [column(line, line.y), ...(line.deviation.length > 0 ? [band(line, 1), band(line, -1)] : [])])];
}

function options(lines, size, { logX, logY, zoom, cursor }) {
  const ink = inkOf("--ink");
  const axis = { stroke: ink, values: (_, values) => marks(values), grid: { stroke: inkOf("--line"), width: 1 }, ticks: { stroke: inkOf("--line"), width: 1 } };
  const [series, bands] = [[{}], []];
  for (const line of lines) {
    series.push({ label: line.label, points: { show: line.x.length < 3 && !line.style.dash?.length }, ...line.style });
    if (line.deviation.length > 0) {
      const edge = { label: "", stroke: "transparent", points: { show: false } };
      series.push({ ...edge }, { ...edge });
      bands.push({ series: [series.length - 2, series.length - 1], fill: `${line.style.stroke}33` });
    }
  }
  const select = (plot) => {
    const { left, width } = plot.select;
    if (width > 0) zoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
  };
  return {
    ...size,
    series,
    bands,
    axes: [{ ...axis }, { ...axis, size: 64 }],
    scales: { x: { time: false, distr: logX ? 3 : 1 }, y: { distr: logY ? 3 : 1 } },
    legend: { show: false },
    cursor: { sync: { key: SYNC }, drag: { x: true, y: false, setScale: false } },
    hooks: { setSelect: [select], setCursor: [(plot) => cursor(plot.cursor.idx === null ? null : plot.data[0][plot.cursor.idx])] },
  };
}

// Draws a chart into an element. A logarithmic axis leaves out what is not positive.
export function plot(place, answer, raw, wishes) {
  const lines = drawn(answer, raw);
  const data = aligned(lines);
  const positive = (values) => values.map((value) => (value > 0 ? value : value === undefined ? undefined : null));
  if (wishes.logY) data.splice(1, data.length, ...data.slice(1).map(positive));
  const from = wishes.logX ? data[0].findIndex((x) => x > 0) : 0;
  const shown = from > 0 ? data.map((values) => values.slice(from)) : data;
  const size = { width: Math.max(200, place.clientWidth), height: wishes.height };
  return new window.uPlot(options(lines, size, wishes), shown, place);
}
