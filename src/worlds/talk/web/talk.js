// A problem and a channel are chosen; the message is shown row by row, and what the receiver does.
import { html, useState } from "../../h.js";
import { ModelRoom, Said, useAnswer } from "../../model.js";

const ROOM = "worlds/talk";

// Tokens with their probabilities or cosines.
function Nearest({ tokens }) {
  return tokens.map(([token, value]) => html`<span><code>${token}</code> <small class="faint">${value.toFixed(2)}</small></span>`);
}

function Row({ row, number, several }) {
  const { token, hidden } = row;
  return html`<tr><td class="numeric">${number + 1}</td>${several && html`<td class="numeric">${hidden.who}</td>`}<td><code>${token ?? ""}</code></td>
    ${hidden && html`<td class="near"><${Nearest} tokens=${hidden.sender} /></td><td class="near"><${Nearest} tokens=${hidden.receiver} /></td>
      <td class="numeric">${hidden.norm.toFixed(2)}</td><td class="numeric">${hidden.cosine === null ? "" : hidden.cosine.toFixed(3)}</td>`}</tr>`;
}

function Message({ answer }) {
  const { rows } = answer;
  if (rows.length === 0) return html`<p class="faint" data-test="rows">No row stands in the receiver's text.</p>`;
  const hidden = rows.some((row) => row.hidden);
  const several = hidden && answer.senders.length > 1;
  return html`<div class="wide" tabindex="0" role="region" aria-label="rows of the message"><table class="message" data-test="rows"><thead><tr><th class="numeric">row</th>${several && html`<th class="numeric">sender</th>`}<th>${hidden ? "plan" : "token"}</th>
    ${hidden && html`<th>by the sender's head</th><th>nearest embeddings behind the adapter</th><th class="numeric">norm</th><th class="numeric">cosine with the row before</th>`}</tr></thead>
    <tbody>${rows.map((row, number) => html`<${Row} key=${number} row=${row} number=${number} several=${several} />`)}</tbody></table></div>`;
}

// What a sender reads and plans; of several ones each has its number.
function Sender({ sender, several }) {
  const name = several ? `Sender ${sender.who}` : "The sender";
  return html`<section class="card" aria-label=${name}><h3>${name}</h3><ol class="turns">
    <li><strong>reads</strong><span>${sender.reads || "nothing"}</span></li><li><strong>plans</strong><span data-test="plan">${sender.plan || "nothing"}</span></li></ol></section>`;
}

// The conversation of the receiver with its world, and the reference beside it.
function Turns({ answer }) {
  const turns = answer.turns.flatMap((turn, at) => [
    html`<li><strong>the receiver writes</strong><span data-test=${`turn-${at}`}>${turn || "nothing"}</span></li>`,
    answer.observations[at] !== undefined && html`<li><strong>it reads</strong><span>${answer.observations[at]}</span></li>`,
  ]);
  const [reference] = answer.reference;
  return html`<ol class="turns"><li><strong>the receiver reads</strong><span>${answer.reads}</span></li>${turns}
    ${answer.reference.length === 1 && reference && html`<li><strong>the reference answer</strong><span>${reference}</span></li>`}</ol>`;
}

function Ask({ room, run, model }) {
  const [asked, setAsked] = useState({ split: model.splits[0].name, number: 0, channel: model.channels.includes("latent_full") ? "latent_full" : model.channels[0] });
  const state = useAnswer(room, run, asked);
  const { answer } = state;
  const { groups } = model.splits.find((split) => split.name === asked.split);
  const set = (change) => setAsked({ ...asked, ...change });
  const told = answer && `Through ${asked.channel} the receiver ${answer.success ? "solves" : "does not solve"} it. The message takes ${answer.positions} positions and ${answer.bytes} bytes.`;
  return html`<link rel="stylesheet" href=${new URL("talk.css", import.meta.url).pathname} />
    <p class="controls">
      <label>split <select value=${asked.split} data-test="split" onChange=${(event) => set({ split: event.target.value, number: 0 })}>
        ${model.splits.map((split) => html`<option value=${split.name}>${split.name}</option>`)}</select></label>
      <label>problem <select value=${asked.number} data-test="problem" onChange=${(event) => set({ number: Number(event.target.value) })}>
        ${groups.map((group, number) => html`<option value=${number}>${number + 1} (${group})</option>`)}</select></label>
      <label>channel <select value=${asked.channel} data-test="channel" onChange=${(event) => set({ channel: event.target.value })}>
        ${model.channels.map((channel) => html`<option value=${channel}>${channel}</option>`)}</select></label></p>
    <${Said} state=${state}>${told || "asking…"}<//>
    ${answer && html`<div class="asked"><div>${answer.senders.map((sender) => html`<${Sender} key=${sender.who} sender=${sender} several=${answer.senders.length > 1} />`)}</div>
      <section class="card" aria-label="the receiver"><h3>The receiver</h3><${Turns} answer=${answer} /></section></div>
      <h3>The message</h3><${Message} answer=${answer} />`}`;
}

export function Room({ parameters }) {
  return html`<${ModelRoom} room=${ROOM} title="Talk" parameters=${parameters} ask=${Ask}
    text="A sender reads a problem and plans; its message goes to a receiver through a channel. Choose a problem and a channel, read the message row by row, and see what the receiver does." />`;
}
