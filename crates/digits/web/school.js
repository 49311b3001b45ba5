// Training and tests, and what the tests found.
import { send } from "../api.js";
import { html, useState } from "../h.js";
import { Digit } from "./bits.js";

const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

export function School({ agents, does }) {
  const [source, setSource] = useState("written");
  const [count, setCount] = useState(1000);
  const [seed, setSeed] = useState(0);
  const [classes, setClasses] = useState("0123456789");
  const [heldOut, setHeldOut] = useState(false);
  const digits = [...new Set(classes.match(/\d/g) ?? [])].map(Number);
  const drawn = { source, count: Number(count), seed: Number(seed), classes: digits.length < 10 ? digits : [], held_out: source === "fonts" && heldOut };
  const all = (work) => () => does(Promise.all(agents.map((agent) => send(`digits/agents/${agent.id}/${work}`, drawn))));
  return html`<h2>School</h2><p class="row">
    <label>digits <select value=${source} data-test="source" onChange=${(event) => setSource(event.target.value)}>
      <option value="written">MNIST</option><option value="fonts">fonts</option></select></label>
    <label>how many <input type="number" min="1" max="60000" value=${count} data-test="count" onInput=${(event) => setCount(event.target.value)} /></label>
    <label>classes <input class="short" inputmode="numeric" value=${classes} data-test="classes" onInput=${(event) => setClasses(event.target.value)} /></label>
    ${source === "fonts" && html`<label title="Every fourth face is left out of trainings; tests draw from these faces alone."><input type="checkbox" checked=${heldOut} data-test="held-out" onChange=${() => setHeldOut(!heldOut)} />hold faces out</label>`}
    <label>seed <input type="number" min="0" value=${seed} onInput=${(event) => setSeed(event.target.value)} /></label>
    <button class="plain" data-test="train" disabled=${agents.length === 0} onClick=${all("train")}>train all</button>
    <button class="plain" data-test="test" disabled=${agents.length === 0} onClick=${all("test")}>test all</button></p>`;
}

// The results of a baseline in all tests, by the number of samples learnt.
function baselines(agents) {
  const tests = agents.flatMap((agent) => agent.tests).sort((a, b) => a.learnt - b.learnt);
  const names = [...new Set(tests.flatMap((test) => test.baselines.map((one) => one.name)))];
  const of = (name) => tests.flatMap((test) => test.baselines.filter((one) => one.name === name).map((one) => [test.learnt, (100 * one.right) / test.answers]));
  return names.map((name, index) => ({ name, points: of(name), dash: ["1 3", "5 3"][index % 2] }));
}

// Accuracy over samples learnt: a line for each agent, dotted ones for baselines and guessing.
export function Curve({ agents }) {
  const beside = baselines(agents);
  const lines = agents.map((agent) => ({
    name: agent.name,
    points: agent.tests.map((test) => [test.learnt, (100 * test.right) / test.answers]),
  })).filter((line) => line.points.length > 0);
  if (lines.length === 0) return html`<p class="faint">A test draws the accuracy over the samples learnt.</p>`;
  const most = Math.max(10, ...lines.flatMap((line) => line.points.map(([learnt]) => learnt)));
  const x = (learnt) => 34 + (260 * Math.log10(1 + learnt)) / Math.log10(1 + most);
  const y = (percent) => 130 - 1.2 * percent;
  const text = lines.map((line) => `${line.name} ${line.points.at(-1)[1].toFixed(1)} %`).join(", ");
  const along = (line) => line.points.map(([learnt, percent]) => `${x(learnt)},${y(percent)}`).join(" ");
  const ticks = [0, 1, 10, 100, 1000, 10000].filter((tick) => tick <= most);
  return html`<figure><figcaption>accuracy in % over samples learnt</figcaption>
    <svg viewBox="0 0 320 160" role="img" aria-label=${`accuracy: ${text}`} class="curve">
      ${[0, 50, 100].map((percent) => html`<g><line x1="34" x2="300" y1=${y(percent)} y2=${y(percent)} class="grid" />
        <text x="30" y=${y(percent) + 4} text-anchor="end">${percent}</text></g>`)}
      ${ticks.map((tick) => html`<text x=${x(tick)} y="146" text-anchor="middle">${tick}</text>`)}
      <line x1="34" x2="300" y1=${y(10)} y2=${y(10)} class="guessing" />
      ${beside.map((line) => html`<g class="beside"><polyline fill="none" stroke-dasharray=${line.dash} points=${along(line)} />
        ${line.points.map(([learnt, percent]) => html`<rect x=${x(learnt) - 2} y=${y(percent) - 2} width="4" height="4" />`)}</g>`)}
      ${lines.map((line, index) => html`<g fill=${COLOURS[index % 6]} stroke=${COLOURS[index % 6]}>
        <polyline fill="none" stroke-width="2" points=${along(line)} />
        ${line.points.map(([learnt, percent]) => html`<circle cx=${x(learnt)} cy=${y(percent)} r="3" />`)}</g>`)}
    </svg>
    <figcaption>${lines.map((line, index) => html`<span><i class="key" style=${`background: ${COLOURS[index % 6]}`}></i> ${line.name} ${line.points.at(-1)[1].toFixed(1)} % </span>`)}
      ${beside.map((line) => html`<span><svg width="26" height="8" class="beside" aria-hidden="true"><line x1="0" x2="26" y1="4" y2="4" stroke-dasharray=${line.dash} /></svg> ${line.name} on the same pictures ${line.points.at(-1)[1].toFixed(1)} %</span>`)}
      <span>lowest line: guessing, 10 %</span></figcaption></figure>`;
}

function Confusion({ test, name }) {
  const most = Math.max(...test.confusion.flat());
  const classes = test.confusion.length;
  const shade = (count) => `background: color-mix(in srgb, var(--accent) ${Math.round((40 * count) / most)}%, transparent)`;
  return html`<div class="wide" tabindex="0" role="region" aria-label=${`confusion of ${name}`}><table class="confusion"><caption>Rows: what was written. Columns: what was answered.</caption>
    <thead><tr><th scope="col">is</th>${test.confusion.map((_, label) => html`<th scope="col">${label}</th>`)}<th scope="col">none</th></tr></thead>
    <tbody>${test.confusion.map((row, label) => html`<tr><th scope="row">${label}</th>
      ${row.map((count, column) => html`<td class="number" style=${column < classes ? shade(count) : ""}>${count || ""}</td>`)}</tr>`)}</tbody></table></div>`;
}

// The last test of an agent, whose mistakes can be taught.
export function Results({ agent, does }) {
  const test = agent.tests.at(-1);
  if (!test) return null;
  const learn = (mistake) => () => does(send(`digits/agents/${agent.id}/learn`, { drawing: { digit: mistake.digit }, label: mistake.label }));
  return html`<details data-test=${`results-${agent.id}`}><summary>${agent.name}: ${test.right} of ${test.answers} right</summary>
    <p>${test.baselines.length === 0 ? "" : `On the same pictures: ${test.baselines.map((one) => `${one.name} ${one.right}`).join(", ")} of ${test.answers} right.`}</p>
    <${Confusion} test=${test} name=${agent.name} />
    <div class="mistakes">${test.mistakes.map((mistake) => html`<figure>
      <${Digit} grey=${mistake.digit} name=${`a ${mistake.label}`} />
      <figcaption>a ${mistake.label}, not ${mistake.answer ?? "none"}</figcaption>
      <button class="plain" disabled=${agent.finished} onClick=${learn(mistake)}>teach</button></figure>`)}</div></details>`;
}
