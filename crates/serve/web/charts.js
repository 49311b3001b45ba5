// Charts of all logged numbers of some runs. A chart is made when it comes into view.
import { get } from "./api.js";
import { Chart } from "./chart.js";
import { html, useEffect, useRef, useState } from "./h.js";
import { change, view } from "./view.js";

const MOST = 50;

// Its content once it has been scrolled to; a place of the same height before and after.
function InView({ children }) {
  const place = useRef(null);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const watcher = new IntersectionObserver(([entry]) => setShown(entry.isIntersecting), { rootMargin: "300px" });
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  return html`<div ref=${place} style="min-height: 18rem">${shown && children}</div>`;
}

export function Charts({ runs, by, told }) {
  const [keys, setKeys] = useState([]);
  const { smooth = "", log_y, find = "" } = view().parameters;
  const shown = runs.slice(0, MOST);
  useEffect(() => {
    const name = shown[0];
    get("run", { name }).then((run) => setKeys(run.logged.map((logged) => logged.key)), () => setKeys([]));
  }, [shown[0]]);
  const wanted = keys.filter((key) => key.includes(find));
  return html`
    <p>
      <label>Find <input value=${find} onInput=${(event) => change({ find: event.target.value })} /></label>
      <label> Smoothing <input value=${smooth} placeholder="ema:0.9 or gaussian:50" onChange=${(event) => change({ smooth: event.target.value })} /></label>
      <label> <input type="checkbox" checked=${log_y} onClick=${() => change({ log_y: !log_y })} /> log y</label>
      ${runs.length > MOST && html`<span class="bad"> ${runs.length - MOST} runs are left out</span>`}
    </p>
    <div class="charts">${wanted.map((key) => html`<${InView} key=${key}>
      <${Chart} title=${key} runs=${shown} by=${by} smooth=${smooth} logY=${Boolean(log_y)} told=${told} /><//>`)}</div>`;
}
