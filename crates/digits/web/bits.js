// Bits and pictures that the server sends, as small canvases with a text beside them.
import { html, useEffect, useRef } from "../h.js";

export function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// Draws `count` values, of which `ink(place)` is 0 to 1, in rows of `width`.
function draw(canvas, count, width, ink) {
  const height = Math.ceil(count / width);
  // A picture of several levels has them side by side.
  const levels = height > width && height % width === 0 ? height / width : 1;
  const [rows, columns] = [height / levels, (width + 1) * levels - 1];
  Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const colour = getComputedStyle(canvas).color.match(/[\d.]+/g).map(Number);
  const picture = context.createImageData(columns, rows);
  for (let place = 0; place < count; place += 1) {
    const [row, column] = [Math.floor(place / width), place % width];
    const level = Math.floor(row / rows);
    const at = 4 * ((row % rows) * columns + level * (width + 1) + column);
    picture.data.set([...colour.slice(0, 3), 255 * ink(place)], at);
  }
  context.putImageData(picture, 0, 0);
}

function Picture({ name, count, width, ink, text, scale }) {
  const place = useRef(null);
  useEffect(() => draw(place.current, count, width, ink));
  const levels = count / width > width ? Math.round(count / width / width) : 1;
  const shown = ((width + 1) * levels - 1) * scale;
  return html`<canvas ref=${place} class="bits" role="img" aria-label=${`${name}: ${text}`} title=${`${name}: ${text}`}
    style=${`width: ${shown}px`}></canvas>`;
}

// A layer of an agent.
export function Bits({ layer }) {
  const packed = bytes(layer.bits);
  const ink = (place) => (packed[place >> 3] >> (place & 7)) & 1;
  const scale = layer.width > 60 ? 1 : layer.width > 20 ? 2 : 6;
  return html`<${Picture} name=${layer.name} count=${layer.count} width=${layer.width} ink=${ink} scale=${scale}
    text=${`${layer.set} of ${layer.count} bits set`} />`;
}

// A digit of 28 x 28 grey values in base64.
export function Digit({ grey, name, scale = 2 }) {
  const values = bytes(grey);
  const inked = values.filter((value) => value > 0).length;
  return html`<${Picture} name=${name} count=${784} width=${28} ink=${(place) => values[place] / 255} scale=${scale}
    text=${`${inked} of 784 pixels with ink`} />`;
}
