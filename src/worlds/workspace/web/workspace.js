// A shape is set by sliders; the workspace translates its attributes, picture and caption.
import { html, useState } from "../../h.js";
import { ModelRoom, Pixels, Said, Slider, useAnswer } from "../../model.js";

const ROOM = "worlds/workspace";
const SIDE = 32;
const NAMES = { v: "picture", attr: "attributes", t: "caption" };
const named = (domain) => NAMES[domain] ?? domain;

function middle([low, high]) {
  return Math.round((low + high) / 2);
}

function Shape({ shape }) {
  const number = (value) => value.toFixed(1);
  const [red, green, blue] = shape.rgb;
  return html`<p class="shape">${shape.class}, at ${number(shape.x)}, ${number(shape.y)}<br />size ${number(shape.size)}, turned ${Math.round(shape.rotation)}°
    <br /><i class="key" style=${`background: rgb(${red} ${green} ${blue})`}></i> rgb ${red} ${green} ${blue}</p>`;
}

// One thing that the workspace says, in the form of its domain.
function Thing({ said, name }) {
  return html`${said.picture && html`<${Pixels} values=${said.picture} side=${SIDE} size="96" name=${name} />`}
    ${said.shape && html`<${Shape} shape=${said.shape} />`}
    ${said.caption && html`<p class="caption">“${said.caption}”</p>`}
    ${!said.picture && !said.caption && html`<p class="faint">not known</p>`}`;
}

function Source({ source }) {
  const from = named(source.from);
  if (source.error) return html`<tr><th scope="row">${from}</th><td class="faint text" colspan="9">${source.error}</td></tr>`;
  const title = (said) => (said.through ? `${from} → ${named(said.through)} → ${from}` : `${from} → ${named(said.to)}`);
  return html`<tr><th scope="row">from the ${from}</th>${source.to.map((said) => html`<td class="said-cell" data-test=${`${source.from}-${said.through ?? ""}-${said.to}`}>
    <strong>${title(said)}</strong><${Thing} said=${said} name=${`drawn by the workspace, ${title(said)}`} /></td>`)}</tr>`;
}

function Ask({ room, run, model }) {
  const [shape, setShape] = useState({
    class: 1, x: middle(model.place), y: middle(model.place), size: middle(model.size), rotation: 30,
    hue: middle(model.hue), lightness: middle(model.lightness), saturation: 255, wording: 0,
  });
  const state = useAnswer(room, run, shape);
  const { answer } = state;
  const set = (key) => (value) => setShape({ ...shape, [key]: value });
  const slider = (key, label, [min, max], step = 1, unit = "") =>
    html`<${Slider} label=${label} min=${min} max=${max} step=${step} unit=${unit} value=${shape[key]} set=${set(key)} test=${key} />`;
  const read = answer?.sources.find((source) => source.from === "v")?.to?.find((said) => said.to === "attr" && !said.through);
  const told = answer && (read ? `From the picture the workspace says: ${read.shape.class} of size ${read.shape.size.toFixed(1)}.` : "The workspace has answered.");
  return html`<link rel="stylesheet" href=${new URL("workspace.css", import.meta.url).pathname} />
    <div class="asked"><div class="controlled">
      <label class="slider"><span>class</span><select value=${shape.class} data-test="class" onChange=${(event) => set("class")(Number(event.target.value))}>
        ${model.classes.map((name, place) => html`<option value=${place}>${name}</option>`)}</select></label>
      ${slider("x", "x", model.place, 0.5, " px")}${slider("y", "y (up)", model.place, 0.5, " px")}${slider("size", "size", model.size, 0.5, " px")}
      ${slider("rotation", "rotation", [0, 360], 1, "°")}${slider("hue", "hue", model.hue)}${slider("lightness", "lightness", model.lightness)}
      ${slider("saturation", "saturation", [0, 255])}
      <p class="controls"><button class="plain" data-test="wording" onClick=${() => set("wording")(shape.wording + 1)}>another wording</button></p>
    </div>
    ${answer && html`<div class="truth"><h3>The shape itself</h3><${Thing} said=${{ ...answer.truth, shape: undefined }} name="the true picture" /></div>`}</div>
    <${Said} state=${state}>${told || "asking…"}<//>
    ${answer && html`<div class="wide whole" tabindex="0" role="region" aria-label="translations"><table class="ways"><caption>Each row begins with one form of the shape. The workspace has not seen its others.</caption>
      <tbody>${answer.sources.map((source) => html`<${Source} key=${source.from} source=${source} />`)}</tbody></table></div>`}`;
}

export function Room({ parameters }) {
  return html`<${ModelRoom} room=${ROOM} title="Workspace" parameters=${parameters} ask=${Ask}
    text="A workspace translates between attributes, pictures and captions of one shape. Set the attributes; see the picture and the caption that come out, and what comes back." />`;
}
