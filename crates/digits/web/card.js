// One agent: its answer to the drawing, its layers, and what can be done with it.
import { address, send } from "../api.js";
import { html, useState } from "../h.js";
import { Bits } from "./bits.js";

// The answer in words.
export function said(answer) {
  if (!answer) return "";
  const { label, value, distance, other, confidence } = answer;
  if (value === null) return "has learnt nothing yet";
  if (label === null) return `no digit (${value})`;
  if (distance !== null) {
    const next = other ? `; the nearest other is a ${other[0]} at ${other[1]}` : "";
    return `a ${label}, ${distance} bits from its nearest example${next}`;
  }
  return `a ${label}, ${Math.round(100 * confidence)} % sure`;
}

function time(micros) {
  return micros < 1000 ? `${micros} µs` : `${(micros / 1000).toFixed(1)} ms`;
}

// Ten bars of scores, the answer by its colour and its outline.
function Scores({ answer }) {
  const known = answer.scores.filter((score) => score !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const share = (score) => (score === null ? 0 : most > least ? (score - least) / (most - least) : 1);
  const text = answer.scores.map((score, label) => `${label}: ${score === null ? "never shown" : score.toFixed(2)}`).join(", ");
  return html`<div class="scores" role="img" aria-label=${`scores. ${text}`} title=${text}>
    ${answer.scores.map((score, label) => html`<span class=${label === answer.label ? "answer" : ""}>
      <i style=${`height: ${Math.round(36 * share(score))}px`}></i>${label}</span>`)}</div>`;
}

function Layers({ layers }) {
  const [step, setStep] = useState(null);
  const states = layers.filter((layer) => layer.name.startsWith("state "));
  const shown = Math.min(step ?? states.length, states.length);
  const others = layers.filter((layer) => !states.includes(layer));
  const drawn = states.length > 0 ? [others[0], states[shown - 1], ...others.slice(1)] : others;
  return html`<div class="layers">${drawn.map((layer) => html`<figure key=${layer.name}>
      <${Bits} layer=${layer} /><figcaption>${layer.name}</figcaption></figure>`)}</div>
    ${states.length > 1 && html`<label class="row">step ${shown} of ${states.length}
      <input type="range" min="1" max=${states.length} value=${shown} onInput=${(event) => setStep(Number(event.target.value))} /></label>`}`;
}

export function Progress({ agent, stop }) {
  const { work, done, total } = agent.job;
  return html`<p class="row"><label>${work === "train" ? "training" : "testing"}
      <progress max=${total} value=${done}></progress></label> ${done} of ${total}
    <button class="plain" data-test="stop" onClick=${stop}>stop</button></p>`;
}

export function Card({ agent, answer, micros, does }) {
  const learnt = agent.learnt.reduce((sum, count) => sum + count, 0);
  const call = (what, body = {}) => () => does(send(`digits/agents/${agent.id}/${what}`, body));
  const close = () => does(send(`digits/agents/${agent.id}`, {}, "DELETE"));
  const last = agent.tests.at(-1);
  return html`<article class="card" data-test=${`agent-${agent.id}`}>
    <h3>${agent.name} ${agent.name.startsWith(agent.kind) ? "" : html`<span class="faint">${agent.kind}</span>`}</h3>
    <p class="said"><strong class="big" data-test="answer">${answer?.label ?? "–"}</strong> <span>${said(answer) || "draw a digit"}</span></p>
    ${answer && html`<${Layers} layers=${answer.layers} /><${Scores} answer=${answer} />`}
    <p class="faint">${learnt} learnt, ${agent.taught} of them by hand${last ? `; ${last.right} of ${last.answers} right` : ""}${micros ? `; answered in ${time(micros)}` : ""}</p>
    ${agent.job && html`<${Progress} agent=${agent} stop=${call("stop")} />`}
    <p class="row">
      <button class="plain" data-test="undo" disabled=${agent.taught === 0 || agent.undos === 0} onClick=${call("undo")}>undo</button>
      <button class="plain" data-test="reset" disabled=${Boolean(agent.job)} onClick=${call("reset")}>reset</button>
      <button class="plain" data-test="save" onClick=${call("save")}>save</button>
      <a data-test="download" href=${address(`digits/agents/${agent.id}/file`)} download>download</a>
      <button class="plain" data-test="close" onClick=${close}>close</button>
    </p>
  </article>`;
}
