// A target is dragged, the model plans, and the plan is carried out in the true world.
import { html, useEffect, useRef, useState } from "../../h.js";
import { ModelRoom, pictureOf, Said, Slider, useAnswer } from "../../model.js";

const ROOM = "worlds/dots";
const SIDE = 28;
const BELIEVED = "#56b4e9";
const TRUE = "#ffb000";
const FRAME_TIME = 150;

const path = (places) => places.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
const round = (value) => Math.round(10 * value) / 10;

// The frame with both paths, on which the target is dragged.
function Board({ model, answer, target, setTarget, step }) {
  const place = useRef(null);
  const held = useRef(false);
  const [low, high] = model.walls;
  const bounded = (value) => round(Math.min(high, Math.max(low, value)));
  const at = (event) => {
    const box = place.current.getBoundingClientRect();
    const cell = (pixel, start, length) => bounded((SIDE * (pixel - start)) / length - 0.5);
    setTarget([cell(event.clientX, box.left, box.width), cell(event.clientY, box.top, box.height)]);
  };
  const down = (event) => {
    held.current = true;
    place.current.setPointerCapture(event.pointerId);
    at(event);
  };
  const up = () => (held.current = false);
  const [x, y] = target;
  const dot = (places, colour) => html`<circle cx=${places[step][0]} cy=${places[step][1]} r="1.1" fill="none" stroke=${colour} stroke-width="0.35" />`;
  return html`<svg ref=${place} class="board" viewBox="-0.5 -0.5 28 28" data-test="board" role="img"
      aria-label="the start, the path that the model predicts, the true path, and the target"
      onPointerDown=${down} onPointerMove=${(event) => held.current && at(event)} onPointerUp=${up} onPointerCancel=${up}>
    ${answer && html`<image x="-0.5" y="-0.5" width=${SIDE} height=${SIDE} href=${pictureOf(answer.frame, SIDE)} />
      <polyline points=${path(answer.trip)} fill="none" stroke=${TRUE} stroke-width="0.25" />
      <polyline points=${path(answer.believed)} fill="none" stroke=${BELIEVED} stroke-width="0.25" stroke-dasharray="0.7 0.5" />
      ${dot(answer.trip, TRUE)}${dot(answer.believed, BELIEVED)}`}
    <rect x=${low} y=${low} width=${high - low} height=${high - low} class="walls" />
    <path d=${`M ${x - 1} ${y} h 2 M ${x} ${y - 1} v 2`} stroke="#ffffff" stroke-width="0.3" /></svg>`;
}

function Ask({ room, run, model }) {
  const [start, setStart] = useState(0);
  const [planner, setPlanner] = useState("sampling");
  const [target, setTarget] = useState([20, 8]);
  const [step, setStep] = useState(model.steps);
  const [plays, setPlays] = useState(false);
  const state = useAnswer(room, run, { start, target, planner });
  const { answer } = state;
  useEffect(() => {
    if (!plays) return undefined;
    const timer = setInterval(() => setStep((now) => (now < model.steps ? now + 1 : (setPlays(false), now))), FRAME_TIME);
    return () => clearInterval(timer);
  }, [plays]);
  const play = () => {
    setStep(0);
    setPlays(true);
  };
  const [low, high] = model.walls.map(round);
  const axis = (place, name) => html`<${Slider} label=${`target ${name}`} min=${low} max=${high} step=${0.1} value=${target[place]} unit=" px" test=${`target-${name}`}
    set=${(value) => setTarget(target.map((old, other) => (other === place ? value : old)))} />`;
  const told = answer && `The model believes that its plan ends ${answer.believed_miss.toFixed(1)} px from the target. In the world it ends ${answer.miss.toFixed(1)} px from it.`;
  return html`<link rel="stylesheet" href=${new URL("dots.css", import.meta.url).pathname} />
    <div class="asked"><${Board} model=${model} answer=${answer} target=${target} setTarget=${setTarget} step=${step} />
    <div class="controlled">
      <p>Drag the target (the white cross) anywhere within the walls.</p>
      ${axis(0, "x")}${axis(1, "y")}
      <${Slider} label="start" min="0" max=${model.starts - 1} value=${start} set=${setStart} test="start" />
      <${Slider} label="step" min="0" max=${model.steps} value=${step} set=${setStep} test="step" />
      <p class="controls"><button class="plain" data-test="play" onClick=${play}>play</button>
        <label>planner <select value=${planner} data-test="planner" onChange=${(event) => setPlanner(event.target.value)}>
          <option value="sampling">by sampling (cross-entropy method)</option><option value="gradient">by gradient</option></select></label></p>
      <${Said} state=${state}>${told || "planning…"}<//>
      <ul class="legend"><li><svg width="34" height="10" aria-hidden="true"><line x1="0" x2="34" y1="5" y2="5" stroke-dasharray="8 5" class="believed" /></svg> the path that the model predicts, dashed</li>
        <li><svg width="34" height="10" aria-hidden="true"><line x1="0" x2="34" y1="5" y2="5" class="true" /></svg> the path in the true world, solid</li></ul>
      ${model.dots > 1 && html`<p class="faint">Of the ${model.dots} dots, the plan moves the first.</p>`}
    </div></div>`;
}

export function Room({ parameters }) {
  return html`<${ModelRoom} room=${ROOM} title="Dots" parameters=${parameters} ask=${Ask}
    text="A trained model sees the last frame before a plan. It chooses steps that move the dot to the target as it predicts it; then the steps are taken in the true world." />`;
}
