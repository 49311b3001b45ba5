// A sweep: where it stands, its report, what mattered, and its trials.
import { address, get } from "./api.js";
import { Parallel } from "./parallel.js";
import { cell, number } from "./format.js";
import { html, useEffect, useState } from "./h.js";
import { link } from "./view.js";

function Importance({ importance }) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  return html`<h2>Importance</h2><p class="faint">by ${importance.method}</p><table>
    <thead><tr><th scope="col">setting</th><th scope="col">share</th><th scope="col">n</th><th></th></tr></thead>
    <tbody>${importance.bars.map((bar) => html`<tr><td>${bar.key}</td><td class="number">${percent(bar.share)}</td>
      <td class="number">${bar.n}</td><td><meter min="0" max="1" value=${bar.share} aria-label=${percent(bar.share)}></meter></td></tr>`)}</tbody></table>`;
}

function Trials({ sweep, trials }) {
  const keys = sweep.parameters.map((parameter) => parameter.key);
  return html`<h2>Trials</h2><div class="wide"><table>
    <thead><tr><th scope="col">run</th><th scope="col">state</th>${keys.map((key) => html`<th scope="col">${key}</th>`)}
      <th scope="col">seed</th><th scope="col">${sweep.metric?.name}</th></tr></thead>
    <tbody>${trials.map((trial) => html`<tr data-row key=${trial.run}><td><a href=${link("/run", { name: trial.run })}>${trial.run}</a></td>
      <td class=${`state-${trial.state}`} title=${trial.error}>${trial.state}</td>
      ${keys.map((key) => html`<td>${cell("", trial.values[key])}</td>`)}<td>${trial.seed}</td><td class="number">${number(trial.score)}</td></tr>`)}</tbody>
  </table></div>`;
}

export function Sweep({ parameters, told }) {
  const { name, metric } = parameters;
  const [sweep, setSweep] = useState(null);
  const [picked, setPicked] = useState(null);
  const [error, setError] = useState("");
  const changed = ["sweep", "resync"].includes(told.kind) ? told.count : 0;
  useEffect(() => {
    get("sweep", { name, metric }).then(setSweep, (failed) => setError(failed.message));
  }, [name, metric, changed]);
  if (!sweep) return html`<p class=${error ? "bad" : "faint"}>${error || "loading…"}</p>`;
  const { standing, report, importance, best } = sweep;
  const trials = picked ? sweep.trials.filter((_, index) => picked.has(index)) : sweep.trials;
  const file = (kind) => address("export", { view: "sweep", as: kind, name, metric });
  return html`<h2>${name}</h2>
    <p role="status">${standing.runs} runs: ${Object.entries(standing.counts).map(([state, count]) => `${count} ${state}`).join(", ")}</p>
    ${standing.failed.map((one) => html`<p class="bad"><a href=${link("/run", { name: one.run })}>${one.run}</a>: ${one.error}</p>`)}
    ${best.length > 0 && html`<p>Best: <a href=${link("/run", { name: best.at(-1).run })}>${best.at(-1).run}</a>, ${number(best.at(-1).score)}</p>`}
    <h2>Report</h2>
    ${report.error ? html`<p class="faint">${report.error}</p>` : html`<figure>
      <figcaption>${["svg", "png", "csv"].map((kind) => html`<a href=${file(kind)} download>${kind}</a> `)}</figcaption>
      <img alt=${`report of ${name}`} src=${`data:image/svg+xml,${encodeURIComponent(report.figure)}`} /></figure><pre>${report.table}</pre>`}
    <${Parallel} sweep=${sweep} pick=${setPicked} />
    ${importance && html`<${Importance} importance=${importance} />`}
    <${Trials} sweep=${sweep} trials=${trials} />`;
}
