// Requests to the server this page came from, with its word for changes.
const word = document.querySelector('meta[name="umwelt-word"]').content;
// The path below which a proxy serves the pages, from the address of this module.
export const base = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

// The query of an object; a list repeats its key, and empty values are left out.
export function queryOf(parameters) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== null && one !== "" && one !== false) query.append(key, one === true ? "1" : one);
    }
  }
  return query.toString();
}

export function address(endpoint, parameters = {}) {
  return `${base}/api/${endpoint}?${queryOf(parameters)}`;
}

async function answer(response) {
  if (response.ok) return response;
  const refused = await response.json().catch(() => ({ error: response.statusText, hint: "" }));
  throw new Error(refused.hint ? `${refused.error}; ${refused.hint}` : refused.error);
}

export async function get(endpoint, parameters, signal) {
  return (await answer(await fetch(address(endpoint, parameters), { signal }))).json();
}

export async function getText(endpoint, parameters, signal) {
  const response = await answer(await fetch(address(endpoint, parameters), { signal }));
  return { text: await response.text(), start: Number(response.headers.get("x-start")) };
}

// Asks for a change: by JSON, or with the bytes of a file.
export async function send(endpoint, body, method = "POST") {
  const isFile = body instanceof Blob;
  const headers = { "content-type": isFile ? "application/octet-stream" : "application/json", "x-umwelt-token": word };
  const asked = { method, headers, body: isFile ? body : JSON.stringify(body) };
  return (await answer(await fetch(`${base}/api/${endpoint}`, asked))).json();
}

export function act(action, run, text = "") {
  return send(`act/${action}`, { run, text });
}
