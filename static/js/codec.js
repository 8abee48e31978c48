// Where a namespace's payloads are decoded by the browser alone: one request for all on the page, straight to its codec.
const codec = document.querySelector("meta[name=payload-codec]")?.dataset, AT_ONCE = 200, LETTERS_MAX = 262144;
const bytes = (text) => Uint8Array.from(atob(text ?? ""), (one) => one.charCodeAt(0)), utf8 = new TextDecoder();
function legible(payload) {
  const text = utf8.decode(bytes(payload.data));
  if (!utf8.decode(bytes(payload.metadata?.encoding)).startsWith("json/")) return text;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}
function show(box, text) {
  const part = Object.assign(document.createElement("pre"), { className: "code payload-text", tabIndex: 0, textContent: text.slice(0, LETTERS_MAX) });
  box.replaceChildren(part);
}
async function decode() {
  const boxes = [...document.querySelectorAll("[data-encoded]:not([data-asked])")].slice(0, AT_ONCE);
  if (!codec || !boxes.length) return;
  for (const box of boxes) box.dataset.asked = "";
  try {
    const answer = await fetch(`${codec.endpoint}/decode`, {
      method: "POST", redirect: "error", cache: "no-store", credentials: codec.credentials ? "include" : "omit", signal: AbortSignal.timeout(+codec.milliseconds),
      headers: { "Content-Type": "application/json", "X-Namespace": codec.namespace }, body: JSON.stringify({ payloads: boxes.map((box) => JSON.parse(box.dataset.encoded)) }) });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    const { payloads } = await answer.json();
    boxes.forEach((box, at) => show(box, legible(payloads[at])));
    await decode();
  } catch (error) {
    for (const box of boxes) box.querySelector("[data-says]")?.append(` The codec ${error.message.startsWith("answered") ? error.message : "does not answer this browser"}.`);
  }
}
document.addEventListener("htmx:afterSettle", decode);
document.addEventListener("DOMContentLoaded", decode);
