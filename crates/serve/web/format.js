// Numbers, times and values as text.
export function number(value) {
  if (typeof value !== "number") return value ?? "";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e8) return String(value);
  return size >= 0.01 && size < 1e6 ? value.toFixed(3) : value.toExponential(2);
}

// The marks of an axis, which a decimal point or an exponent keeps short and apart.
export function marks(values) {
  const largest = Math.max(...values.map((value) => Math.abs(value ?? 0)));
  const mark = (value) => {
    const size = Math.abs(value);
    const isShort = size < 1e6 && size >= 1e-4 && largest >= 1e-3 && (largest < 1e6 || size < 1e4);
    const rounded = Number(value.toPrecision(6));
    return rounded === 0 || isShort ? rounded.toLocaleString("en", { maximumSignificantDigits: 6 }) : rounded.toExponential().replace("e+", "e");
  };
  return values.map((value) => (value === null ? "" : mark(value)));
}

export function age(seconds) {
  if (typeof seconds !== "number") return "";
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
}

export function cell(key, value) {
  if (value === null || value === undefined) return "";
  if (key === "age") return age(value);
  if (key === "progress") return `${Math.floor(value)} %`;
  if (key === "heartbeat" || key === "started_at") return new Date(1000 * value).toLocaleString();
  if (Array.isArray(value)) return value.map((one) => cell("", one)).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : number(value);
}

// A number of the server, of which those that are not finite are texts.
export function plain(value) {
  return typeof value === "number" ? value : Number(value);
}

// Names without the parts that all of them begin with; one alone without its folder.
export function short(names) {
  const [first = ""] = names;
  let shared = names.length > 1 ? 0 : first.length;
  while (names.length > 1 && shared < first.length && names.every((name) => name[shared] === first[shared])) shared += 1;
  const separators = names.length > 1 ? ["/", ","] : ["/"];
  const start = Math.max(...separators.map((one) => first.slice(0, shared).lastIndexOf(one))) + 1;
  return names.map((name) => name.slice(start) || name);
}
