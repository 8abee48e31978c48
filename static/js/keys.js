// Keys, and the box on Ctrl K. Which keys a page has stands on the page (data-key), and so do their names; here is how they work.
const letters = () => document.body.dataset.letters === "on";
const named = (e) => (e.getAttribute("aria-label") || e.labels?.[0]?.textContent || [...e.childNodes].filter((part) => !part.matches?.(".count")).map((part) => part.textContent).join("") || e.title).trim().replace(/\s+/g, " ");
const keyed = () => [...document.querySelectorAll("[data-key]")].filter((e) => !e.disabled && (e.dataset.does || !e.closest("[hidden], dialog")));
const caps = (keys) => keys.split(" ").flatMap((key) => [" ", Object.assign(document.createElement("kbd"), { textContent: key.length === 1 ? key.toUpperCase() : key })]);
const needed = (e) => !e.dataset.needs || document.querySelector(e.dataset.needs);

// ---- rows: J and K put the focus on the link of a row, so Enter opens it as it opens any link
function move(step) {
  const rows = [...document.querySelectorAll("#main .table tbody tr:not(.row-detail)")].filter((row) => row.checkVisibility());
  const at = rows.findIndex((row) => row.matches("[data-cursor]")), row = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  if (!row) return;
  rows[at]?.removeAttribute("data-cursor");
  row.setAttribute("data-cursor", "");
  (row.querySelector("th a") ?? row.querySelector("a") ?? Object.assign(row, { tabIndex: -1 })).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
function listKeys() {
  const dialog = document.getElementById("keys");
  const lines = keyed().filter((e) => !e.dataset.does).sort((a, b) => a.dataset.key.length - b.dataset.key.length).map((e) => {
    const line = document.createElement("div"), key = document.createElement("dt"), says = document.createElement("dd");
    key.append(...caps(e.dataset.key)); says.append(named(e)); line.append(key, says);
    return line;
  });
  dialog.querySelector("[data-page-keys]").replaceChildren(...lines);
  for (const e of dialog.querySelectorAll("[data-needs]")) e.hidden = !needed(e);
  dialog.showModal();
}
const DOES = { next: () => move(1), previous: () => move(-1), select: () => document.querySelector("tr[data-cursor] input[type=checkbox]")?.click(), list: listKeys };
function act(e) {
  if (e.dataset.does) return DOES[e.dataset.does]();
  e.focus();
  if (!e.matches("textarea, select, input:not([type=checkbox])")) e.click();
}
let begun = "", begunAt = 0;
function press(event) {
  const key = event.key.toLowerCase(), keys = begun && event.timeStamp - begunAt < 1500 ? `${begun} ${key}` : key;
  const meant = keyed().find((e) => e.dataset.key === keys && needed(e));
  begun = !meant && keyed().some((e) => e.dataset.key.startsWith(`${keys} `)) ? keys : "";
  begunAt = event.timeStamp;
  if (meant || begun) event.preventDefault();
  if (meant) act(meant);
}
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && box()) { event.preventDefault(); openPalette(); return; }
  const menu = event.key === "Escape" && document.activeElement?.closest("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
  const types = event.target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
  if (types || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || !letters() || document.querySelector("dialog[open]")) return;
  press(event);
});
document.addEventListener("click", (event) => { if (event.target.closest?.("[data-keys]")) listKeys(); });

// ---- the box: what it leads to is on the page already, each group of its list says where (data-from); one types, it narrows
const box = () => document.getElementById("goto"), palette = () => document.getElementById("palette"), options = () => [...palette().querySelectorAll("[role=option]")];
const GROUP_MAX = 20, FIND_MAX = 100;
let cameFrom = null, marked = -1, sources = [];
function openPalette() { if (document.activeElement !== box()) cameFrom = document.activeElement; box().focus(); box().select(); fill(); }
function closePalette() { palette().hidden = true; mark(-1); box().setAttribute("aria-expanded", "false"); }
function mark(at) {
  const all = options();
  marked = at < -1 ? all.length - 1 : at >= all.length ? -1 : at;
  all.forEach((one, number) => one.setAttribute("aria-selected", number === marked));
  all[marked]?.scrollIntoView({ block: "nearest" });
  box().setAttribute("aria-activedescendant", all[marked]?.id ?? "");
}
function option(id, text, keys) { const one = Object.assign(document.createElement("div"), { id, role: "option", className: "palette-one" }); one.append(text, ...(keys ? caps(keys) : [])); return one; }
function fill() {
  const words = box().value.toLowerCase().split(/\s+/).filter(Boolean), seen = new Set();
  sources = [];
  for (const group of palette().querySelectorAll("[data-from]")) {
    const found = [...document.querySelectorAll(group.dataset.from)].filter((e) => {
      const name = named(e).toLowerCase(), same = e.href || name, fits = name && !e.disabled && getComputedStyle(e).display !== "none" && words.every((word) => name.includes(word));
      return fits && !seen.has(same) && seen.add(same);
    }).slice(0, GROUP_MAX);
    group.hidden = !found.length;
    group.replaceChildren(...found.map((e) => option(`palette-${sources.push(e) - 1}`, named(e), letters() && e.dataset.key)));
  }
  const find = palette().querySelector("[data-find]"), text = box().value.trim();
  find.replaceChildren(...(text ? [option("palette-find", text.slice(0, FIND_MAX), "Enter")] : []));
  palette().hidden = (find.hidden = !text) && !sources.length;
  box().setAttribute("aria-expanded", !palette().hidden);
  document.getElementById("palette-says").textContent = sources.length === 1 ? "1 place or action" : `${sources.length} places and actions`;
  mark(-1);
}
function follow(one) { const e = sources[+one.id.slice(8)]; closePalette(); if (!e) return box().form.requestSubmit(); box().value = ""; act(e); }
document.addEventListener("input", ({ target }) => { if (target === box()) fill(); });
document.addEventListener("focusout", ({ target }) => { if (target === box()) closePalette(); });
document.addEventListener("mousedown", (event) => {
  if (event.target.closest?.("#palette")) event.preventDefault();
  const one = event.target.closest?.("#palette [role=option]");
  if (one) follow(one);
});
document.addEventListener("htmx:afterSwap", ({ target }) => { // views come late: who has chosen meanwhile keeps their choice
  if (target.id === "palette-views" && !palette().hidden) { const kept = sources[marked]; fill(); mark(sources.indexOf(kept)); }
});
document.addEventListener("keydown", (event) => {
  if (event.target !== box()) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) { event.preventDefault(); if (palette().hidden) fill(); mark(marked + step); }
  if (event.key === "Enter" && marked >= 0) { event.preventDefault(); follow(options()[marked]); }
  if (event.key === "Escape") { event.preventDefault(); if (palette().hidden) cameFrom?.focus(); else { closePalette(); if (cameFrom?.isConnected) cameFrom.focus(); } }
});
