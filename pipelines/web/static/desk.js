/* Keys, what stays typed, and what is new. Without this script every page works by its links and forms. */
"use strict";
const typing = (e) => e.target.closest("input, textarea, select") && !e.target.matches("[type=radio], [type=checkbox]");
const panel = document.querySelector("[data-panel]");
const who = document.querySelector(".who");

// ---- Keys: whatever has a data-key is clicked, a choice is made and its note asked for ----
function act(target) {
  if (target.matches("fieldset")) next([...target.querySelectorAll("[type=radio]")]);
  else if (target.matches("[type=radio]")) {
    pick(target);
    target.form.querySelector("[name=reason]").focus();
  } else if (target.matches("input, textarea, select")) target.focus();
  else if (target.matches("summary")) {
    target.parentElement.open = true;
    target.parentElement.querySelector("input:not([type=hidden])").focus();
  }
  else target.click();
}
function pick(radio) {
  if (radio.name === "conclusion" && instead()) radio.form.elements.reason.value = "";
  radio.checked = true;
  for (const what of ["input", "change"]) radio.dispatchEvent(new Event(what, { bubbles: true }));
}
/* A conclusion's letter alone is no reason: its radio. Who types on meant a word, which stays whole. */
function instead() {
  const form = document.getElementById("conclude");
  const typed = form?.elements.reason.value.trim();
  return typed && form.querySelector('[name=conclusion][data-key="' + CSS.escape(typed) + '"]');
}
function next(radios) {
  if (radios[0].matches(":disabled")) return;
  const one = radios[(radios.findIndex((radio) => radio.checked) + 1) % radios.length];
  pick(one);
  one.focus();
}
function step(by) {
  const rows = [...document.querySelectorAll("#lines a.title")];
  if (!rows.length) return false;
  const i = rows.indexOf(document.activeElement);
  const to = i < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(i + by, 0), rows.length - 1);
  rows[to].focus();
  return true;
}
/* A number opens the incident that has it: at once where no other begins so, else after a moment. */
let number = "";
let waiting = 0;
function toNumber(digit) {
  clearTimeout(waiting);
  number += digit;
  const begin = [...document.querySelectorAll("a[data-number]")].filter((one) => one.dataset.number.startsWith(number));
  const own = begin.find((one) => one.dataset.number === number);
  const go = () => { left_ms = performance.now(); working(); own.click(); };
  if (own && begin.every((one) => one.dataset.number === number)) { go(); return; }
  waiting = setTimeout(() => { number = ""; if (own) go(); }, begin.length ? 700 : 0);
}
/* Between what was sent, or a number, and the page that comes of it keys do nothing here, where a letter would
   conclude on what was left. A number is kept for that page, and the Enter that goes on to the next: who records
   does so. One that follows at once is the same one, pressed twice. */
let left_ms = -Infinity;
const leaving = () => asking || performance.now() - Math.max(sent_ms, left_ms) < SEND_MS;
const TWICE_MS = 500;
const BUSY_MS = 300;
const busy = document.getElementById("busy");
let slow = 0;
function working(after_ms = BUSY_MS) {
  clearTimeout(slow);
  slow = setTimeout(() => { busy.hidden = false; }, after_ms);
}
function done() {
  clearTimeout(slow);
  busy.hidden = true;
}
function keep(digit) {
  sessionStorage.setItem("pressed", JSON.stringify([...pressed(), [Date.now(), digit]]));
}
const pressed = () => JSON.parse(sessionStorage.getItem("pressed") || "[]").filter(([at_ms]) => Math.abs(Date.now() - at_ms) < SEND_MS);
function later(e) {
  e.preventDefault();
  const again = e.repeat || performance.now() - asked_ms < TWICE_MS;
  if (/^[0-9]$/.test(e.key) || (e.key === "Enter" && !again)) keep(e.key);
  else if (!again) working(0);
}
document.addEventListener("keydown", (e) => {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey) return;
  if (leaving() && (e.key.length === 1 || e.key === "Enter")) { later(e); return; }
  if (e.key === "Escape" && who?.open) { who.open = false; who.querySelector("summary").focus(); return; }
  const form = e.target.form || e.target.closest("form");
  if (e.key === "Escape" && form) { if (panel) panel.focus(); else e.target.blur(); return; }
  if (typing(e) || who?.open || document.querySelector("dialog[open]")) return;
  // In a form only the form's own keys count: what was meant to be typed leads nowhere else.
  const of = (key) => [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key && (!form || form.contains(one)));
  const target = of(e.key) || (e.key === "/" && of("f")); // where no list is searched vessels are
  if (target) { e.preventDefault(); act(target); return; }
  if (form) return;
  const lacks = document.getElementById("lacks");
  if (e.key === "z" && lacks?.dataset.withdraw) {
    lacks.textContent = lacks.dataset.withdraw;
    lacks.hidden = false;
    lacks.scrollIntoView({ block: "nearest" });
    return;
  }
  if ((e.key === "j" && step(1)) || (e.key === "k" && step(-1))) e.preventDefault();
  else if (e.key === "l") { if (document.body.dataset.page === "tonight") panel.focus(); else location.assign(document.body.dataset.list); }
  else if (e.key === "?") { e.preventDefault(); help(); }
  else if (/^[0-9]$/.test(e.key) && !e.target.closest("#map")) toNumber(e.key);
});
// What an address names is in view, also where the page was opened again; else what is read has the keys.
const at = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (at) {
  history.scrollRestoration = "manual";
  at.focus({ preventScroll: true });
  at.scrollIntoView();
}
if (panel && panel.scrollHeight > panel.clientHeight + 1 && !location.hash && document.activeElement === document.body) panel.focus({ preventScroll: true });

if (who) { // a popup: it has the cursor while it is open, and is closed by going elsewhere
  who.addEventListener("toggle", () => { if (who.open) who.querySelector("form input:not([type=hidden]), form select").focus(); });
  const leave = (e) => { if (who.open && e && !who.contains(e)) who.open = false; };
  document.addEventListener("pointerdown", (e) => leave(e.target));
  who.addEventListener("focusout", (e) => leave(e.relatedTarget));
}
function help() {
  document.getElementById("keys").showModal();
  document.getElementById("keys-title").focus(); // its beginning is in view, and no link has the focus
}
document.getElementById("help").hidden = false;
document.getElementById("help").addEventListener("click", help);

// ---- Ages grow while a page is open: by the desk's clock, since this machine's may be wrong ----
const shown = document.body.dataset;
const ahead_ms = Date.now() - Date.parse(shown.served);
function aged(old_s) {
  if (old_s < shown.hoursFrom) return Math.round(old_s / 60) + " min";
  if (old_s < shown.daysFrom) return (old_s / 3600).toFixed(1) + " " + shown.h;
  return (old_s < shown.wholeDaysFrom ? (old_s / 86400).toFixed(1) : Math.round(old_s / 86400).toLocaleString("en")) + " " + shown.d;
}
function ages() {
  for (const one of document.querySelectorAll("time[data-age]")) {
    const old_s = Math.max((Date.now() - ahead_ms - Date.parse(one.dateTime)) / 1000, 0);
    const text = one.dataset.age.replace("#", aged(old_s)) + (one.dataset.after || "");
    if (one.textContent !== text) one.textContent = text; // what a reader has marked stays marked
    one.classList.toggle("warn", old_s > one.dataset.late);
    one.hidden = false;
  }
}
ages();
setInterval(ages, 10_000);
document.addEventListener("visibilitychange", ages);

// ---- Light: the switch is remembered, so that no page is bright at night for a moment ----
document.getElementById("night").addEventListener("change", (e) => {
  document.cookie = "desk-switched=" + (e.target.checked ? 1 : 0) + "; Path=/; SameSite=Strict; Max-Age=31536000";
});

// ---- A table that is wider than the page is moved by the keys too ----
function reachable() {
  for (const one of document.querySelectorAll(".wide")) {
    if (one.scrollWidth > one.clientWidth) one.tabIndex = 0; else one.removeAttribute("tabindex");
  }
}
window.addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true);
reachable();

// ---- A list's choices are taken at once ----
for (const select of document.querySelectorAll("form.filters select"))
  select.addEventListener("change", () => select.form.requestSubmit());

// ---- Nights on a slider: what each was, and the one that is shown ----
const slide = document.getElementById("slide");
if (slide) {
  const rows = [...document.querySelectorAll("#lines tr[data-run]")].reverse();
  const range = slide.querySelector("[type=range]");
  const tell = () => {
    const chosen = rows[range.value - 1];
    for (const row of rows) row.classList.toggle("chosen", row === chosen);
    slide.elements.at.value = chosen.dataset.run;
    slide.querySelector("output").textContent = chosen.dataset.told;
    range.setAttribute("aria-valuetext", chosen.dataset.told);
  };
  range.addEventListener("input", tell);
  range.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); slide.requestSubmit(); } });
  slide.hidden = false;
  tell();
}

// ---- What was typed stays, whatever becomes of the page, until it is recorded ----
function day(text) { // as the desk reads it: a year first, or a day
  const m = text.match(/^(?:(\d{4})-(\d\d?)-(\d\d?)|(\d\d?)[-/.](\d\d?)[-/.](\d{4}))$/);
  if (!m) return null;
  const [year, month, date] = m[1] ? [m[1], m[2], m[3]] : [m[6], m[5], m[4]];
  const at = new Date(Date.UTC(year, month - 1, date));
  return at.getUTCMonth() === month - 1 ? at : null;
}
// A session runs out, and what its account had typed waits for that account alone: another's sign-in ends it.
const own_drafts = "desk:" + document.body.dataset.account;
for (const key of Object.keys(localStorage)) if (key.startsWith("desk:") && !key.startsWith(own_drafts + "/")) localStorage.removeItem(key);
const form = document.getElementById("conclude");
if (form) {
  const key = own_drafts + location.pathname;
  const fields = () => [...form.elements].filter((one) => one.name && one.type !== "hidden" && one.name !== "operator");
  const quiet = document.getElementById("quiet");
  const date = form.elements.quiet_until;
  const fit = () => {
    const chosen = form.elements.conclusion.value;
    const label = form.querySelector("[name=conclusion]:checked")?.closest("label");
    document.getElementById("meaning").textContent = label ? "– " + label.title : "";
    const word = (radio, before) => radio ? before.replace("#", radio.dataset.word) : "";
    const radio = form.querySelector("[name=conclusion]:checked");
    const does = document.getElementById("does");
    does.textContent = word(instead(), does.dataset.instead) || word(radio, does.dataset.as) || does.dataset.record;
    form.elements.reason.placeholder = word(radio, form.dataset.why);
    quiet.disabled = Boolean(chosen) && !["cleared", "benign_cause"].includes(chosen);
    document.getElementById("quiet-not").hidden = !quiet.disabled;
    const said = document.getElementById("quiet-date");
    said.textContent = date.value.trim() && (day(date.value.trim())?.toLocaleDateString(document.documentElement.lang === "ms" ? "ms" : "en-GB", { day: "2-digit", month: "short", year: "numeric", timeZone: "UTC" }) || said.dataset.no);
  };
  date.addEventListener("input", () => { if (date.value) form.querySelector("[name=quiet][value=date]").checked = true; });
  if (form.dataset.recorded) localStorage.removeItem(key);
  const kept = JSON.parse(localStorage.getItem(key) || "null");
  if (kept && !form.dataset.given) {
    for (const one of fields()) {
      if (one.type === "radio") one.checked = one.value === kept[one.name];
      else if (kept[one.name]) one.value = kept[one.name];
    }
    document.getElementById("kept").hidden = false;
  }
  form.addEventListener("input", () => {
    fit();
    document.getElementById("lacks").hidden = true;
    const typed = Object.fromEntries(fields().filter((one) => one.type !== "radio" || one.checked).map((one) => [one.name, one.value]));
    localStorage.setItem(key, JSON.stringify(typed));
  });
  form.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || !e.target.matches("textarea") || e.shiftKey) return;
    if (leaving()) { later(e); return; }
    e.preventDefault();
    form.requestSubmit();
  });
  form.noValidate = true; // what lacks is said here, in the page's language
  form.addEventListener("submit", (e) => {
    const other = instead();
    if (other) pick(other);
    const lacks = [...form.elements].find((one) => one.required && !one.validity.valid);
    const said = document.getElementById("lacks");
    said.hidden = !lacks;
    if (!lacks) return;
    e.preventDefault();
    said.textContent = said.dataset[lacks.name];
    lacks.focus();
  });
  fit();
}

// ---- New runs: asked for every so often; nothing is reloaded under a reader's hands ----
const live = document.getElementById("live");
const EVERY_MS = 10_000;
async function ask() {
  try {
    const { at, on } = live.dataset;
    const counts = "counted" in live.dataset;
    const answer = await fetch("/live" + (counts ? "?" + new URLSearchParams({ on, at }) : ""), { headers: { accept: "application/json" } });
    if (!answer.ok) { live.textContent = live.dataset.closed; live.hidden = false; return; }
    const now = await answer.json();
    const fresh = now.run && now.run !== live.dataset.run;
    const said = counts && now.concluded !== null && String(now.concluded) !== live.dataset.counted;
    const idle = [null, document.body, panel].includes(document.activeElement);
    if ((fresh || said) && document.body.dataset.page === "tonight" && idle && !(fresh && at)) { location.reload(); return; }
    live.textContent = "";
    if (fresh || (said && (on || at))) {
      const link = document.createElement("a");
      link.href = fresh ? "/" : location.pathname + (at && "?" + new URLSearchParams({ at }));
      link.textContent = fresh ? live.dataset.fresh : live.dataset.concluded;
      live.append(link);
    } else if (now.writing) {
      live.textContent = live.dataset.writing.replace("#", now.for) + " " + now.doing + " ";
      const bar = document.createElement("progress");
      bar.setAttribute("aria-label", now.doing || live.dataset.writing);
      if (now.share !== null) bar.value = now.share;
      if (now.doing) live.append(bar);
    }
    live.hidden = !live.textContent;
  } catch { live.textContent = live.dataset.closed; live.hidden = false; }
  setTimeout(ask, EVERY_MS);
}
setTimeout(ask, 1500);

// ---- What is sent goes to a desk that is there: else its reader stays, is told, and presses again ----
const SEND_MS = 8000;
let asking = false;
let passed = null;
let sent_ms = -Infinity;
let asked_ms = -Infinity;
window.addEventListener("pageshow", (e) => { if (e.persisted) { sent_ms = left_ms = -Infinity; done(); } }); // gone back to
document.addEventListener("submit", async (e) => {
  const one = e.target;
  if (e.defaultPrevented || one === passed || one.getAttribute("method") !== "post") return;
  e.preventDefault();
  // What was sent is being recorded, and another page will say so: pressed twice, it was recorded twice.
  if (asking || performance.now() - sent_ms < SEND_MS) return;
  asking = true;
  asked_ms = performance.now();
  working();
  const said = (one === form && document.getElementById("lacks")) || one.querySelector(".unsent") || document.createElement("b");
  let why = "";
  const gone = new AbortController();
  const late = setTimeout(() => gone.abort(), SEND_MS);
  try {
    const answer = await fetch("/live", { headers: { accept: "application/json" }, signal: gone.signal });
    if ([401, 403].includes(answer.status)) why = live.dataset.closed;
  } catch { why = live.dataset.away; }
  clearTimeout(late);
  asking = false;
  if (why) {
    done();
    sessionStorage.removeItem("pressed");
    if (!said.isConnected) {
      said.className = "unsent warn";
      said.setAttribute("role", "alert");
      one.append(said);
    }
    said.textContent = why;
    said.hidden = false;
    return;
  }
  passed = one;
  one.requestSubmit(e.submitter);
  passed = null;
  sent_ms = performance.now();
});

/* What was pressed before this page was there, and before its script was: as if it were pressed now. What follows an
   Enter was meant for a page that isn't this one, and no Enter records what nobody has seen. */
function replay(all) {
  for (const key of all) {
    const on = document.activeElement;
    if (key === "Enter") {
      if (at?.id === "go-on") { left_ms = performance.now(); working(); at.click(); }
      return;
    }
    if (typing({ target: on })) {
      if (key.length !== 1) continue;
      on.setRangeText(key, on.value.length, on.value.length, "end");
      on.dispatchEvent(new Event("input", { bubbles: true }));
    } else on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}
document.removeEventListener("keydown", keepEarly);
const kept_keys = pressed().map(([, key]) => key);
sessionStorage.removeItem("pressed");
replay([...kept_keys, ...early]);

// ---- What takes longer than a page: asked for every second, and shown when it is done ----
const work = document.getElementById("work");
if (work) {
  const bar = work.querySelector("progress");
  const look = async () => {
    try {
      const answer = await fetch("/work/" + work.dataset.work, { headers: { accept: "application/json" } });
      const now = answer.ok ? await answer.json() : { running: false };
      if (!now.running) { location.reload(); return; }
      document.getElementById("work-doing").textContent = now.text;
      if (now.share === null) bar.removeAttribute("value"); else bar.value = now.share;
    } catch { /* the desk was closed: it is said above */ }
    setTimeout(look, 1000);
  };
  setTimeout(look, 500);
}

// ---- A pack is sent as it is, to be verified and thrown away ----
const upload = document.getElementById("upload");
if (upload) {
  upload.hidden = false;
  upload.addEventListener("submit", async (e) => {
    e.preventDefault();
    const file = upload.elements.file.files[0];
    if (!file) { upload.elements.file.focus(); return; }
    const verdict = document.getElementById("verdict");
    const line = (text, name, into = "p") => {
      const made = document.createElement(into);
      const words = document.createElement("bdi");
      words.textContent = text;
      made.append(words);
      if (name) made.className = name;
      return made;
    };
    verdict.replaceChildren(line("…"));
    try {
      const headers = { "content-type": "application/octet-stream", "x-desk-word": upload.dataset.word };
      const answer = await fetch("/packs/upload", { method: "POST", headers, body: file });
      if (!answer.ok) throw new Error(answer.status);
      const said = await answer.json();
      const about = [said.about || file.name, said.key && upload.dataset.key + " " + said.key, said.simulated && upload.dataset.simulated];
      const list = document.createElement("ul");
      list.append(...said.problems.map((text) => line(text, "", "li")));
      verdict.replaceChildren(line(said.state, said.good ? "good" : "warn", "h3"), line(about.filter(Boolean).join(" · ")), list);
    } catch { verdict.replaceChildren(line(upload.dataset.failed, "warn")); }
  });
}
