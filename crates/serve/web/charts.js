// Charts of all logged numbers of some runs. A chart is made when it comes into view.
import { get } from "./api.js";
import { Chart } from "./chart.js";
import { number } from "./format.js";
import { html, useEffect, useRef, useState } from "./h.js";
import { Head, Wide } from "./table.js";
import { change, view } from "./view.js";

const MOST = 50;

// Its content while it is near the window; a place of the same height otherwise.
function InView({ children }) {
  const place = useRef(null);
  const [shown, setShown] = useState(false);
  const height = useRef(320);
  useEffect(() => {
    const see = ([entry]) => {
      if (!entry.isIntersecting && place.current) height.current = Math.max(320, place.current.clientHeight);
      setShown(entry.isIntersecting);
    };
    const watcher = new IntersectionObserver(see, { rootMargin: "300px" });
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  return html`<div ref=${place} style=${shown ? "" : `height: ${height.current}px`}>${shown && children}</div>`;
}

// The numbers that the first runs have logged, and again while a run has logged nothing yet.
function useKeys(runs, told) {
  const [keys, setKeys] = useState(null);
  const count = keys?.length ? 0 : told.count;
  useEffect(() => {
    let gone = false;
    const logged = (name) => get("run", { name }).then((run) => run.logged, () => []);
    Promise.all(runs.slice(0, 5).map(logged)).then((all) => gone || setKeys(all.flat()));
    return () => {
      gone = true;
    };
  }, [runs.slice(0, 5).join("\n"), count]);
  return keys;
}

export function Charts({ runs, by, told }) {
  const { smooth = "", log_y, log_x, x = "", find = "", start, end } = view().parameters;
  const range = start && end ? [Number(start), Number(end)] : [];
  // Charts are in step: a range that is chosen in one is that of all.
  const zoom = ([first = "", last = ""]) => change({ start: first, end: last });
  const shown = by ? runs : runs.slice(0, MOST);
  const keys = useKeys(shown, told);
  if (keys === null) return html`<p class="faint" data-loading>loading…</p>`;
  const named = keys.filter(({ key }) => key.includes(find));
  const wanted = [...new Set(named.filter(({ points }) => points > 1).map(({ key }) => key))];
  const once = named.filter(({ key }) => !wanted.includes(key));
  const check = (name, value) => html`<label><input type="checkbox" data-key=${name === "log_y" ? "l" : undefined} checked=${value}
    onClick=${() => change({ [name]: !value })} /> ${name.replace("_", " ")}</label>`;
  return html`
    <div class="controls" role="group" aria-label="charts">
      <label>Find <input value=${find} onInput=${(event) => change({ find: event.target.value })} /></label>
      <label>Smoothing <input data-key="s" value=${smooth} list="smoothings" placeholder="ema:0.9 or gaussian:50" onChange=${(event) => change({ smooth: event.target.value })} /></label>
      <datalist id="smoothings"><option value="ema:0.6" /><option value="ema:0.9" /><option value="ema:0.99" /><option value="gaussian:50" /></datalist>
      <label>x <select value=${x} onChange=${(event) => change({ x: event.target.value, start: "", end: "" })}>
        <option value="">step</option><option>epoch</option></select></label>
      ${check("log_x", Boolean(log_x))} ${check("log_y", Boolean(log_y))}
      ${range.length > 0 && html`<button class="plain" onClick=${() => zoom([])}>whole range</button>`}
      ${runs.length > shown.length && html`<span class="bad">${runs.length - shown.length} runs are left out of the charts</span>`}
    </div>
    ${keys.length === 0 && html`<p class="faint">nothing is logged yet</p>`}
    <div class="charts">${wanted.map((key) => html`<${InView} key=${key}>
      <${Chart} title=${key} runs=${shown} by=${by} x=${x} range=${range} zoom=${zoom} smooth=${smooth} logX=${Boolean(log_x)} logY=${Boolean(log_y)} told=${told} /><//>`)}</div>
    ${once.length > 0 && html`<details><summary>${once.length} ${once.length === 1 ? "number was" : "numbers were"} logged once</summary>
      <${Wide} label="numbers that were logged once"><${Head} names=${["key", "step", "value"]} />
      <tbody>${once.map(({ key, step, last }) => html`<tr><td>${key}</td><td class="number">${step}</td><td class="number">${number(last)}</td></tr>`)}</tbody><//></details>`}`;
}
