// Charts of a sweep: the only module that knows ECharts, which is loaded when a sweep is opened.
import { html, useEffect, useRef, useState } from "./h.js";
import { useTheme } from "./keys.js";
import { inkOf } from "./plot.js";

function style() {
  const ink = getComputedStyle(document.body).color;
  const faint = `color-mix(in srgb, ${ink} 25%, transparent)`;
  return { ink, line: inkOf("--accent"), axis: { nameTextStyle: { color: ink }, axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: ink } }, splitLine: { lineStyle: { color: faint } } } };
}

// The axis of these values: numbers, logarithmic if they span two decades, or names in their order.
function axis(name, values) {
  const numbers = values.filter((value) => value !== null);
  if (numbers.every((value) => typeof value === "number")) {
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    return least > 0 && most / least >= 100 ? { name, type: "log" } : { name, scale: true };
  }
  return { name, type: "category", data: [...new Set(values.map(String))] };
}

function on(axis, value) {
  return axis.type === "category" ? String(value) : value;
}

// An ECharts chart that follows its size and the colours of the page.
function Drawn({ label, height, width = "auto", option, begun }) {
  const place = useRef(null);
  const [again, setAgain] = useState(0);
  const [isDrawn, setIsDrawn] = useState(false);
  useTheme(() => setAgain((times) => times + 1));
  useEffect(() => {
    let chart = null;
    let gone = false;
    const watcher = new ResizeObserver(() => chart?.resize());
    import("./vendor/echarts.js").then((echarts) => {
      if (gone) return;
      chart = echarts.init(place.current);
      chart.setOption({ animation: false, ...option(style()) });
      watcher.observe(place.current);
      begun?.(chart);
      setIsDrawn(true);
    });
    return () => {
      gone = true;
      watcher.disconnect();
      chart?.dispose();
    };
  }, [option, again]);
  return html`<div ref=${place} style=${`height: ${height}; min-width: ${width}`} role="img" aria-label=${label} data-loading=${isDrawn ? undefined : ""}></div>`;
}

function useOption(make, parts) {
  const known = useRef({ text: "", option: null });
  const text = JSON.stringify(parts);
  if (known.current.text !== text) known.current = { text, option: make };
  return known.current.option;
}

// Parallel coordinates; brushes over the axes pick trials.
export function Parallel({ sweep, pick }) {
  const keys = sweep.parameters.map((parameter) => parameter.key);
  const make = ({ ink, line, axis: look }) => {
    const rows = sweep.trials.map((trial) => [...keys.map((key) => trial.values[key]), trial.score]);
    const names = [...keys, sweep.metric?.name ?? "score"];
    const axes = names.map((name, dim) => ({ dim, ...look, nameTextStyle: { color: ink, width: 140, overflow: "truncate" }, ...axis(name, rows.map((row) => row[dim])) }));
    const data = rows.filter((row) => row.at(-1) !== null).map((row) => row.map((value, dim) => on(axes[dim], value)));
    return {
      parallel: { left: 90, right: 110, top: 40, bottom: 30 },
      parallelAxis: axes,
      series: [{ type: "parallel", data, lineStyle: { color: line, opacity: 0.6, width: 1.5 } }],
    };
  };
  const option = useOption(make, [sweep.trials, keys]);
  const scored = sweep.trials.map((trial, index) => (trial.score === null ? -1 : index)).filter((index) => index >= 0);
  const begun = (chart) => chart.on("axisareaselected", () => {
    const active = chart.getModel().getSeries()[0].getRawIndicesByActiveState("active");
    pick(active.length === scored.length || active.length === 0 ? null : new Set(active.map((index) => scored[index])));
  });
  return html`<h2>Settings and scores</h2><figure><figcaption>Drag over an axis to pick trials; click beside the brush to pick all.</figcaption>
    <div class="wide" tabindex="0" role="region" aria-label="parallel coordinates"><${Drawn} height="20rem" width=${`${9 * (keys.length + 1)}rem`} label="parallel coordinates of the trials; the table below has their values" option=${option} begun=${begun} /></div></figure>`;
}

// Any setting against the score.
export function Scatter({ sweep, setting, choose }) {
  const keys = [...sweep.parameters.map((parameter) => parameter.key), "seed"];
  const key = keys.includes(setting) ? setting : keys[0];
  const value = (trial) => (key === "seed" ? trial.seed : trial.values[key]);
  const make = ({ line, axis: look }) => {
    const trials = sweep.trials.filter((trial) => trial.score !== null);
    const x = { ...look, ...axis(key, trials.map(value)), nameLocation: "middle", nameGap: 28 };
    return {
      grid: { left: 70, right: 20, top: 30, bottom: 50 },
      tooltip: { formatter: ({ dataIndex }) => trials[dataIndex].run },
      xAxis: x,
      yAxis: { ...look, name: sweep.metric?.name ?? "score", nameTextStyle: { ...look.nameTextStyle, align: "left" }, scale: true },
      series: [{ type: "scatter", symbolSize: 9, itemStyle: { color: line, opacity: 0.75 }, data: trials.map((trial) => [on(x, value(trial)), trial.score]) }],
    };
  };
  const option = useOption(make, [sweep.trials, key]);
  return html`<figure><figcaption><label>score over <select value=${key} onChange=${(event) => choose(event.target.value)}>
      ${keys.map((one) => html`<option>${one}</option>`)}</select></label></figcaption>
    <${Drawn} height="16rem" label=${`scores of the trials over ${key}; the table below has their values`} option=${option} /></figure>`;
}

// The best score so far over finished trials.
export function Best({ sweep }) {
  const make = ({ line, axis: look }) => ({
    grid: { left: 70, right: 20, top: 30, bottom: 50 },
    xAxis: { ...look, name: "finished trials", nameLocation: "middle", nameGap: 28, minInterval: 1, min: 1, max: Math.max(2, sweep.trials.filter((trial) => trial.score !== null).length) },
    yAxis: { ...look, name: sweep.metric?.name ?? "score", nameTextStyle: { ...look.nameTextStyle, align: "left" }, scale: true },
    series: [{ type: "line", step: "end", symbol: "circle", symbolSize: 8, itemStyle: { color: line }, lineStyle: { color: line }, data: sweep.best.map((one) => [one.trial, one.score]) }],
  });
  const option = useOption(make, [sweep.best, sweep.trials.length]);
  const text = sweep.best.map((one) => `${one.score} at trial ${one.trial}`).join(", ");
  return html`<figure><figcaption>best so far</figcaption><${Drawn} height="16rem" label=${`best score so far: ${text}`} option=${option} /></figure>`;
}
