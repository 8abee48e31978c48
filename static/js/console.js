// What htmx and the browser cannot do: theme, navigation, dialogs, ticking times, selection, the query's colours.
const root = document.documentElement;
const YEAR = 31536000;
const keep = (name, value) => { document.cookie = `${name}=${value}; path=/; max-age=${value ? YEAR : 0}; samesite=lax`; };

// ---- theme and navigation: kept in cookies, so that the server writes the page as it will look
function setTheme(theme) {
  if (theme === "system") root.removeAttribute("data-theme"); else root.dataset.theme = theme;
  document.querySelector("[data-theme-toggle]")?.setAttribute("aria-label", `Theme: ${theme}`);
  keep("theme", theme === "system" ? "" : theme);
}
function setNav(nav) {
  root.dataset.nav = nav;
  document.querySelector("[data-nav-toggle]")?.setAttribute("aria-pressed", nav === "icons");
  keep("nav", nav);
}

// the zone in which this browser's person is, for pages that follow it
keep("zone", Intl.DateTimeFormat().resolvedOptions().timeZone ?? "");

document.addEventListener("click", (event) => {
  const themes = ["system", "light", "dark"];
  const at = (selector) => event.target.closest?.(selector);
  if (at("[data-theme-toggle]")) setTheme(themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % 3]);
  if (at("[data-nav-toggle]")) setNav(document.getElementById("nav").offsetWidth < 100 ? "wide" : "icons");
  if (at("[data-copy]")) navigator.clipboard?.writeText(at("[data-copy]").dataset.copy || at("[data-copy]").previousElementSibling.textContent.trim());
  if (at("[data-copy-link]")) navigator.clipboard?.writeText(location.href);
  if (at("[data-close]")) at("dialog")?.close();
  if (at("[data-use-query]")) useQuery(at("[data-use-query]").dataset.useQuery);
  if (at("[data-clear-selection]")) selectAll(false);
  if (at("[data-select-page]")) selectAll(true);
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target) || at(".menu-body a")) menu.open = false;
});

// ---- what has the focus keeps it when its part of the page comes anew; where it has an id htmx sees to that
let held = null;
const markOf = (e) => [e.tagName, e.getAttribute("name") ?? e.getAttribute("href") ?? e.getAttribute("hx-get") ?? e.textContent.trim(), e.matches("[type=radio], [type=checkbox]") ? e.value : ""].join(" ");
const placeOf = (e) => ({ mark: markOf(e), part: e.closest("[id]")?.id });
function focusIn({ mark, part }) {
  const alike = [...document.querySelectorAll("a, button, input, select, textarea, summary")].filter((e) => markOf(e) === mark);
  (alike.find((e) => placeOf(e).part === part) ?? alike[0])?.focus({ preventScroll: true });
}
document.addEventListener("htmx:beforeSwap", () => { const e = document.activeElement; held = !e || e.id || e === document.body ? null : placeOf(e); });
document.addEventListener("htmx:afterSwap", () => { if (held && document.activeElement === document.body) focusIn(held); });

// ---- dialogs: htmx puts one into #dialog, it opens itself and leaves no trace when it closes: the focus goes back to what opened the first
let opener = null;
function openDialogs() {
  for (const dialog of document.querySelectorAll("#dialog dialog[data-open]")) {
    if (dialog.open) continue;
    if (document.activeElement !== document.body) opener = document.activeElement;
    dialog.showModal();
    (dialog.querySelector("[aria-invalid=true]") ?? dialog.querySelector("[autofocus]") ?? dialog.querySelector("textarea, input:not([type=hidden])"))?.focus();
    dialog.addEventListener("close", () => { dialog.remove(); if (opener?.isConnected) opener.focus(); else if (opener) focusIn(placeOf(opener)); }, { once: true });
  }
}
// settled, its forms are htmx's: a key that comes before that would send them as a page
document.addEventListener("htmx:afterSettle", openDialogs);
// a request that got no answer at all, or one of somebody before the console: that is not put where the answer would be
const unanswered = () => document.getElementById("notices")?.replaceChildren(Object.assign(document.createElement("p"), { className: "query-message", textContent: "The console does not answer. What you see may be old." }));
document.addEventListener("htmx:sendError", unanswered);
document.addEventListener("htmx:beforeSwap", ({ detail }) => { if (detail.xhr.status >= 500 && !detail.xhr.getResponseHeader("HX-Retarget")) { detail.shouldSwap = false; unanswered(); } });

// ---- a form beside the page: where to begin, or what was refused, is in view and has the focus
document.addEventListener("htmx:afterSettle", (event) => {
  const form = document.getElementById("act")?.querySelector("form");
  if (event.detail.target.id !== "act" || !form) return;
  const said = form.querySelector("[aria-invalid=true]") ?? form.querySelector(".field-error[role=alert], .preflight") ?? form.querySelector("input[type=text], input[type=number], textarea");
  said?.focus();
  said?.scrollIntoView({ block: "nearest" });
});
// the tab that is open may lie beyond the edge of a narrow screen
for (const tab of document.querySelectorAll(".tabs > [aria-current], .segments > [aria-current]")) tab.scrollIntoView({ block: "nearest", inline: "center" });

// ---- times that tick: data-until counts down, data-since counts up, data-clock is now
function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}
setInterval(() => {
  const now = Date.now();
  for (const e of document.querySelectorAll("[data-until]")) e.textContent = e.dataset.lead + (+e.dataset.until > now ? span(+e.dataset.until - now) : "a moment");
  for (const e of document.querySelectorAll("[data-since]")) e.textContent = span(now - +e.dataset.since);
  for (const e of document.querySelectorAll("[data-clock]")) e.textContent = new Date(now).toLocaleTimeString("en-GB", { timeZone: e.dataset.clock });
}, 1000);

// ---- selection: the bar says how many, the boxes are the form
const boxes = () => [...document.querySelectorAll("#results tbody .cell-mark input")];
function tellSelection() {
  const chosen = boxes().filter((box) => box.checked).length;
  const bar = document.querySelector("#results .bulk-bar"), [one, many] = (bar?.dataset.of ?? "run runs").split(" ");
  if (!bar) return;
  bar.hidden = chosen === 0;
  bar.querySelector("[data-chosen]").textContent = chosen === 1 ? `1 ${one} is selected` : `${chosen} ${many} are selected`;
  const all = document.querySelector("[data-select-all]");
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && chosen < boxes().length;
  const every = bar.querySelector("[data-every]");
  if (every) every.hidden = !all.checked;
  if (!all.checked) { const matching = bar.querySelector("[name=all_matching]"); if (matching) matching.checked = false; }
}
function selectAll(on) { boxes().forEach((box) => { box.checked = on; }); tellSelection(); }
document.addEventListener("change", ({ target }) => { if (target.matches("[data-select-all]")) selectAll(target.checked); if (boxes().includes(target)) tellSelection(); });
document.addEventListener("htmx:afterSettle", tellSelection);
// rows that renew themselves stand still while some of them are chosen; for who wants it so, all that comes by the clock does
const byClock = ({ elt, etc, requestConfig }) => elt.getAttribute("hx-trigger")?.startsWith("every ") && !requestConfig.triggeringEvent && !etc.returnPromise;
document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt.matches("[data-holds]") && boxes().some((box) => box.checked) || "still" in document.body.dataset && byClock(event.detail)) event.preventDefault(); });

// ---- the query: Enter sends, Shift+Enter breaks the line; the field grows with its coloured copy
const field = () => document.getElementById("q"), useQuery = (text) => { field().value = text; field().form.requestSubmit(); };

// ---- what may come next in the query: the server offers it, arrows choose, Enter or Tab takes it
const offers = () => [...document.querySelectorAll("#offers [role=option]")]; let offer = -1;
function choose(at, all = offers()) {
  offer = at < -1 ? all.length - 1 : at >= all.length ? -1 : at; all.forEach((one, number) => one.setAttribute("aria-selected", number === offer));
  for (const [name, value] of [["expanded", all.length > 0], ["activedescendant", all[offer]?.id ?? ""]]) field()?.setAttribute(`aria-${name}`, value);
}
function noOffers() { document.getElementById("offers")?.replaceChildren(); choose(-1); }
function take({ dataset: { text, start, end } }) { field().setRangeText(text, +start, +end, "end"); noOffers(); field().dispatchEvent(new Event("input", { bubbles: true })); }
document.addEventListener("htmx:configRequest", ({ target, detail }) => { if (target.id === "offers") detail.parameters.caret = field().selectionStart; });
document.addEventListener("htmx:afterSwap", ({ target }) => { if (target.id === "offers") document.activeElement === field() ? choose(-1) : noOffers(); });
document.addEventListener("focusout", ({ target }) => { if (target.id === "q") noOffers(); });
document.addEventListener("mousedown", (event) => { const one = event.target.closest?.("#offers [role=option]"); if (one) { event.preventDefault(); take(one); } });
document.addEventListener("keydown", (event) => {
  const taken = offer >= 0 && !event.shiftKey && (() => take(offers()[offer]));
  const act = { ArrowDown: () => choose(offer + 1), ArrowUp: () => choose(offer - 1), Escape: noOffers, Enter: taken, Tab: taken }[event.key];
  if (event.target.id === "q" && offers().length && act) { event.preventDefault(); event.stopPropagation(); act(); }
}, true);

// ---- a link that changes a part of the page; with a key held down it is the browser's
const within = (selector, act) => document.addEventListener("click", (event) => {
  const link = event.target.closest?.(selector);
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); act(link); }
});
// a step of the timeline that is open in the aside; an event that the address names
within(".timeline a.group", (step) => {
  htmx.ajax("GET", step.href, { target: "#group", swap: "outerHTML" });
  document.querySelector(".timeline [aria-current]")?.removeAttribute("aria-current");
  step.setAttribute("aria-current", "true");
});
const toCursor = () => document.querySelector(".history tr[data-cursor]")?.scrollIntoView({ block: "center" });
toCursor();
document.addEventListener("htmx:afterSettle", ({ detail }) => { if (detail.requestConfig?.elt.id === "events-form") toCursor(); });
// one goes on within the page: each new page would leave the one before to the browser, which takes its time to clear it away
within(":is(#events, #live) :is(.minimap, .row-more) a", (link) => {
  const part = link.closest("#events, #live"), rows = part.id === "live" ? ".history" : "#events";
  htmx.trigger(part, "htmx:abort"); // what a live part still waits for would bring the old window back
  htmx.ajax("GET", link.getAttribute("href"), { source: part, target: part, swap: "outerHTML", push: "true" }).then(() => { document.querySelector(rows)?.scrollIntoView(); toCursor(); });
});
// rows that are swapped out go before htmx looks: it tells each of their thousands of elements by two events, megabytes for the browser to clear away
document.addEventListener("htmx:beforeSwap", ({ detail: { shouldSwap, target } }) => { if (shouldSwap && target.matches("#events, #live")) target.querySelectorAll("tbody, .minimap").forEach((part) => part.replaceChildren()); });
// ---- the map of a long list: arrows go along its lines, as to anything else Tab goes to those where something is; its frame is around the rows in sight
document.addEventListener("keydown", (event) => {
  const lines = [...(event.target.closest?.(".minimap")?.querySelectorAll("a") ?? [])], here = lines.indexOf(document.activeElement);
  const there = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: lines.length - 1 }[event.key];
  if (lines[there]) { event.preventDefault(); lines[there].focus(); }
});
addEventListener("scroll", () => {
  const frame = document.querySelector("[data-frame]"), rows = document.querySelectorAll(".history tbody:not(.pinned) tr[data-place]");
  // halving: each row that is measured leaves garbage, and scrolling looks often
  const first = (beyond, low = 0, high = rows.length) => low === high ? low : ((mid) => beyond(rows[mid].getBoundingClientRect()) ? first(beyond, low, mid) : first(beyond, mid + 1, high))((low + high) >> 1);
  const [one, other] = [rows[first(({ bottom }) => bottom > 90)], rows[first(({ top }) => top >= innerHeight) - 1]].map((row) => +row?.dataset.place);
  if (frame && one >= 0 && other >= 0) { frame.setAttribute("y", Math.min(one, other)); frame.setAttribute("height", Math.max(1, Math.abs(one - other))); }
}, { passive: true });

// ---- details of an event: asked for once, then shown and hidden
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-detail]");
  if (!button) return;
  const detail = document.getElementById(button.dataset.detail), { from } = button.dataset;
  // three hundred rows that htmx looks after are megabytes: a row names where its detail is, and htmx first hears of it here
  if (detail) detail.hidden = !detail.hidden; else if (from) htmx.ajax("GET", from, { source: button, target: button.closest("tr"), swap: "afterend" }); else htmx.trigger(button, "detail");
  button.setAttribute("aria-expanded", !detail || !detail.hidden);
});

// the server says that the query cannot be answered: what is below is from the one before
document.addEventListener("stale", () => {
  document.querySelector("#results table")?.classList.add("is-stale");
  for (const note of document.querySelectorAll(".stale-note")) note.hidden = !document.querySelector("#results table");
});

// ---- Enter in the query sends it
document.addEventListener("keydown", (event) => {
  if (event.target.id === "q" && event.key === "Enter" && !event.shiftKey) { event.preventDefault(); event.target.form.requestSubmit(); }
});
