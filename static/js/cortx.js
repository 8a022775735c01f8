// Small conveniences on top of pages that work without them: menus, shortcuts, copying, drop zones, live updates.
"use strict";

const root = document.documentElement;
root.classList.replace("no-js", "has-js");
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const ready = (act) => (document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", act) : act());

function toast(text) {
  const line = document.createElement("div");
  line.className = "toast";
  line.textContent = text;
  one("#toasts")?.append(line);
  setTimeout(() => line.remove(), 3000);
}

// Menus are <details>: one open at a time, closed by Escape and by a click elsewhere.
document.addEventListener("click", (event) => {
  all("details[data-menu][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });

  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();

  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = copy.dataset.copy.startsWith("/") ? location.origin + copy.dataset.copy : copy.dataset.copy;
    navigator.clipboard?.writeText(text).then(() => toast("Copied"));
  }
});

// On a phone a finding is a page of its own, not a panel.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-narrow]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !matchMedia("(max-width: 699px)").matches) return;
  event.preventDefault();
  event.stopPropagation();
  location.href = `${location.pathname}${new URL(link.href).searchParams.get("open")}/`;
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  const dialog = form.dataset.confirm && document.getElementById(form.dataset.confirm);
  if (dialog && !form.confirmed) {
    event.preventDefault();
    dialog.showModal();
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "yes") { form.confirmed = true; form.requestSubmit(); }
    }, { once: true });
    return;
  }
  const button = one("[data-busy]", form);
  if (button) {
    if (button.getAttribute("aria-disabled") === "true") { event.preventDefault(); return; }
    button.setAttribute("aria-disabled", "true");
    button.lastChild.textContent = button.dataset.busy;
  }
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-auto-submit]");
  if (form) form.requestSubmit();
  const drop = event.target.closest("[data-drop]");
  if (drop) named(drop, event.target.files[0]);
});

function named(drop, file) {
  drop.classList.toggle("has-file", Boolean(file));
  one("[data-drop-name]", drop).textContent = file ? file.name : "Drop a file or choose one";
  if (file) one("[data-drop-note]", drop).textContent = sized(file.size);
}

function sized(octets) {
  const names = ["bytes", "KB", "MB", "GB"];
  let at = 0;
  while (octets >= 1000 && at < 3) { octets /= 1000; at += 1; }
  return `${at ? octets.toFixed(1) : octets} ${names[at]}`;
}

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => event.target.closest?.("[data-drop]")?.classList.toggle("over", kind === "dragover"));
}

// Keyboard. Single keys are off while typing.
const GO = { o: "overview", b: "batches", f: "findings", a: "audit" };
let pressedG = 0;

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    one("#jump")?.focus();
    return;
  }
  if (event.key === "Escape") { escape(event); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog[open]")) return;
  const act = KEYS[event.key];
  if (Date.now() - pressedG < 1200 && GO[event.key]) { pressedG = 0; one(`[data-go="${GO[event.key]}"]`)?.click(); return; }
  if (act && act(event) !== false) event.preventDefault();
});

const KEYS = {
  g: () => { pressedG = Date.now(); },
  "/": () => { const box = one("#q") ?? one(".filters input"); if (!box) return false; box.focus(); },
  "?": () => one("#shortcuts")?.showModal(),
  j: () => step(1),
  k: () => step(-1),
  "[": () => group("true"),
  "]": () => group("false"),
};

function step(by) {
  const links = all("[data-row] .row-link");
  if (!links.length) return false;
  const at = links.indexOf(document.activeElement);
  const open = links.findIndex((link) => link.getAttribute("aria-current") === "true");
  const from = at >= 0 ? at : open;
  const next = links[Math.max(0, Math.min(links.length - 1, from < 0 ? 0 : from + by))];
  if (one("#panel") && (at < 0 || open === at)) next.click(); else next.focus();
}

function group(expanded) {
  const links = all("[data-group]");
  const here = document.activeElement.closest("tbody");
  const wanted = links.filter((link) => link.getAttribute("aria-expanded") === expanded);
  (wanted.find((link) => here?.contains(link)) ?? wanted[expanded === "true" ? wanted.length - 1 : 0])?.click();
}

function escape(event) {
  const menu = one("details[data-menu][open]");
  if (menu) { menu.open = false; one("summary", menu).focus(); return; }
  if (one("dialog[open]")) return;
  if (event.target.matches?.("input")) { event.target.blur(); return; }
  const close = one("[data-close]");
  if (close) { returnTo = one("tr.chosen .row-link")?.getAttribute("href") ?? ""; close.click(); }
}

// After a swap the focus goes where the reader's attention goes: into the panel, or back to the row it came from.
let focusAfter = "";
let returnTo = "";

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-focus-after]");
  if (link) focusAfter = link.dataset.focusAfter;
  if (event.target.closest("[data-close]")) returnTo ||= one("tr.chosen .row-link")?.getAttribute("href") ?? "";
}, true);

document.addEventListener("htmx:after:swap", () => {
  if (focusAfter) document.getElementById(focusAfter)?.focus({ preventScroll: true });
  if (returnTo) all(".row-link").find((link) => link.getAttribute("href") === returnTo)?.focus();
  focusAfter = returnTo = "";
  fold();
  follow();
  heard();
});

document.addEventListener("htmx:config:request", (event) => {
  const token = one("[name=csrfmiddlewaretoken]")?.value;
  const request = event.detail.ctx?.request;
  if (token && request && request.method !== "GET") request.headers["X-CSRFToken"] = token;
});

// Filters fold away where there is no room for a column of them.
function fold() {
  if (!matchMedia("(max-width: 1279px)").matches) return;
  all("details[data-fold]").forEach((details) => { if (!details.folded) { details.folded = true; details.open = false; } });
}

// The run page: follow the log while it is scrolled to its end, say when updates stop, let durations tick.
let last = Date.now();
const heard = () => { last = Date.now(); };
document.addEventListener("htmx:after:request", (event) => { if (event.detail.ctx?.response?.status < 400) heard(); });

let atEnd = true;
document.addEventListener("scroll", (event) => {
  if (event.target.classList?.contains("events")) atEnd = event.target.scrollHeight - event.target.scrollTop - event.target.clientHeight < 24;
}, true);
function follow() { const log = one(".events"); if (log && atEnd) log.scrollTop = log.scrollHeight; }

setInterval(() => {
  const live = one("[data-live]");
  const lost = one("#lost");
  if (!live || !lost) return;
  const gone = Date.now() - last > 10000;
  if (gone && lost.hidden) one("[data-lost-at]").textContent = new Date(last).toLocaleTimeString();
  lost.hidden = !gone;
}, 1000);

ready(() => {
  fold();
  follow();
  one("[data-focus]")?.focus();
});
