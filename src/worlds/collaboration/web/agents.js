// A digit is drawn or chosen; each agent completes its strip by the messages of the others.
import { html, useEffect, useRef, useState } from "../../h.js";
import { ModelRoom, Pixels, Said, Slider, useAnswer } from "../../model.js";

const ROOM = "worlds/agents";
const SIDE = 28;
// The numbers of a message that have sliders: those that differ most between digits.
const SLIDERS = 8;
const BLANK = Array(SIDE * SIDE).fill(0);
const TITLES = {
  with: "with the messages",
  without: "messages zeroed",
  alone: "without messages",
  silent: "trained without messages",
};

// The pixels with ink of a pen at (x, y), in cells.
function inked(pixels, x, y) {
  return pixels.map((value, place) => {
    const away = Math.hypot((place % SIDE) - x, Math.floor(place / SIDE) - y);
    return Math.max(value, Math.round(255 * Math.min(1, Math.max(0, 1.9 - away))));
  });
}

function Pad({ pixels, strips, set }) {
  const place = useRef(null);
  const held = useRef(false);
  const at = (event) => {
    const box = place.current.getBoundingClientRect();
    set((now) => inked(now, (SIDE * (event.clientX - box.left)) / box.width - 0.5, (SIDE * (event.clientY - box.top)) / box.height - 0.5));
  };
  useEffect(() => {
    const context = place.current.getContext("2d");
    const picture = context.createImageData(SIDE, SIDE);
    pixels.forEach((value, one) => picture.data.set([value, value, value, 255], 4 * one));
    context.putImageData(picture, 0, 0);
  }, [pixels]);
  const down = (event) => {
    held.current = true;
    place.current.setPointerCapture(event.pointerId);
    at(event);
  };
  const up = () => (held.current = false);
  const lines = Array.from({ length: strips - 1 }, (_, line) => html`<i style=${`left: ${(100 * (line + 1)) / strips}%`}></i>`);
  return html`<div class="agents-pad"><canvas ref=${place} width=${SIDE} height=${SIDE} data-test="pad" role="img" aria-label="the digit; draw with a mouse, a pen or a finger"
    onPointerDown=${down} onPointerMove=${(event) => held.current && at(event)} onPointerUp=${up} onPointerCancel=${up}></canvas>${lines}</div>`;
}

// The places of the numbers that differ most between digits, for the agent's message.
function places(messages, agent) {
  const deviations = messages.deviations[agent];
  return deviations.map((_, place) => place).sort((a, b) => deviations[b] - deviations[a]).slice(0, SLIDERS);
}

function Message({ model, answer, agent, gain, setGain, changes, change, reset }) {
  const { means, deviations } = model.messages;
  const sliders = places(model.messages, agent).map((place) => {
    const value = changes[place] ?? answer.sent[agent][place];
    const reach = 3 * deviations[agent][place] || 1;
    const [min, max] = [Math.min(value, means[agent][place] - reach), Math.max(value, means[agent][place] + reach)];
    return html`<${Slider} key=${place} label=${`number ${place + 1}`} min=${min} max=${max} step=${(max - min) / 200} value=${value} set=${(next) => change(place, next)} test=${`number-${place}`} />`;
  });
  return html`<${Slider} label="strength" min="0" max="2" step=${0.05} value=${gain} set=${setGain} test="gain" />
    ${sliders}
    <p class="controls"><button class="plain" data-test="as-sent" onClick=${reset}>as it was sent</button>
      <span class="faint">The ${sliders.length} of ${means[agent].length} numbers that differ most between digits.</span></p>`;
}

function Drawings({ answer, agent, strips, pixels }) {
  const own = pixels.map((value, place) => (Math.floor(((place % SIDE) * strips) / SIDE) === agent ? value : 0));
  const name = `agent ${agent + 1}`;
  return html`<section class="card" aria-label=${name}><h3>${name[0].toUpperCase() + name.slice(1)}</h3><div class="drawings">
    <figure><${Pixels} values=${own} side=${SIDE} size="112" name=${`what ${name} sees`} /><figcaption>sees</figcaption></figure>
    ${answer.rows.map((row) => html`<figure><${Pixels} values=${row.agents[agent].pixels} side=${SIDE} size="112" name=${`${name} completes it ${TITLES[row.name]}`} />
      <figcaption>${TITLES[row.name]}<br />error ${row.agents[agent].mse.toFixed(3)}</figcaption></figure>`)}</div></section>`;
}

function Ask({ room, run, model }) {
  const [chosen, setChosen] = useState(0);
  const [pixels, setPixels] = useState(model.digits[0]?.pixels ?? BLANK);
  const everyone = Array.from({ length: model.agents }, (_, agent) => agent);
  const [hidden, setHidden] = useState(everyone.map(() => false));
  const [gains, setGains] = useState(everyone.map(() => 1));
  const [changes, setChanges] = useState(everyone.map(() => ({})));
  const [speaker, setSpeaker] = useState(0);
  const put = (list, place, value) => list.map((old, other) => (other === place ? value : old));
  const asked = changes.flatMap((of, agent) => Object.entries(of).map(([place, value]) => [agent, Number(place), value]));
  const state = useAnswer(room, run, { pixels, hidden, gains, changes: asked });
  const { answer } = state;
  const choose = (place) => {
    setChosen(place);
    setPixels(place < 0 ? BLANK : model.digits[place].pixels);
  };
  const reset = () => {
    setGains(put(gains, speaker, 1));
    setChanges(put(changes, speaker, {}));
  };
  const errors = (name) => answer.rows.find((row) => row.name === name).agents.map((agent) => agent.mse.toFixed(3)).join(" and ");
  const said = answer && (model.messages
    ? `The agents complete the digit with errors of ${errors("with")} with the messages, and of ${errors("without")} without.`
    : "These agents send no messages.");
  return html`<link rel="stylesheet" href=${new URL("agents.css", import.meta.url).pathname} />
    <div class="asked"><div>
      <${Pad} pixels=${pixels} strips=${model.strips} set=${(ink) => { setChosen(-1); setPixels(ink); }} />
      <p class="controls"><label>digit <select value=${chosen} data-test="digit" onChange=${(event) => choose(Number(event.target.value))}>
          <option value="-1">drawn by hand</option>${model.digits.map((digit, place) => html`<option value=${place}>a ${digit.label} (test digit ${place + 1})</option>`)}</select></label>
        <button class="plain" data-test="clear" onClick=${() => choose(-1)}>clear</button></p>
      ${everyone.map((agent) => html`<p class="agent-sees"><label><input type="checkbox" checked=${!hidden[agent]} data-test=${`sees-${agent}`}
        onChange=${() => setHidden(put(hidden, agent, !hidden[agent]))} />agent ${agent + 1} sees its strip</label></p>`)}
    </div>
    <div class="drawn-by"><${Said} state=${state}>${said || "asking…"}<//>
      ${answer && everyone.map((agent) => html`<${Drawings} key=${agent} answer=${answer} agent=${agent} strips=${model.strips} pixels=${hidden[agent] ? BLANK : pixels} />`)}</div>
    ${model.messages && answer && html`<div class="controlled"><h3>Message</h3>
      <p class="controls"><label>of <select value=${speaker} data-test="speaker" onChange=${(event) => setSpeaker(Number(event.target.value))}>
        ${everyone.map((agent) => html`<option value=${agent}>agent ${agent + 1}</option>`)}</select></label></p>
      <${Message} model=${model} answer=${answer} agent=${speaker} gain=${gains[speaker]} setGain=${(gain) => setGains(put(gains, speaker, gain))}
        changes=${changes[speaker]} change=${(place, value) => setChanges(put(changes, speaker, { ...changes[speaker], [place]: value }))} reset=${reset} /></div>`}
    </div>`;
}

export function Room({ parameters }) {
  return html`<${ModelRoom} room=${ROOM} title="Agents" parameters=${parameters} ask=${Ask}
    text="Each agent sees one strip of a digit and completes the rest by the messages of the others. Draw a part of a digit, hide a strip from its agent, or change a message by hand." />`;
}
