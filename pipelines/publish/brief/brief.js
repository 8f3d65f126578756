/* The brief: list and map know of each other. Words reach the page through textContent, or as clones of what it
   already says. */
$("player").hidden = false;
$("print").hidden = false;
const moments = new Sheet((ctx, w, h, v, ratio) => { marks.now = drawMoment(ctx, w, h, v, colors, ratio, state); }, 0);
sheets.push(moments);

// ---- Choosing a vessel, opening an event ----
const card = (rank) => document.querySelector('.vessel[data-rank="' + rank + '"]');
const blocks = (id) => document.querySelectorAll('.event[data-event="' + CSS.escape(id) + '"]');
// An incident without a vessel has no card: it stands in the list of incidents alone.
const alone = (rank) => document.querySelector('.incident[data-lone="' + rank + '"]');
/* What is told of an event stands at the map's edge, never over the way that its vessels came. */
const panel = $("panel");
const NEAR_S = 5400; // how they came together, and parted: so much before and after

/* A card is a line that opens: what is asked for on it, or as the whole of it, is opened first. */
function reveal(item) {
  item.querySelector(":scope > .fold")?.setAttribute("open", "");
  item.closest(".fold")?.setAttribute("open", "");
}
function toView(item) {
  reveal(item);
  item.scrollIntoView({ block: "nearest" });
}
function choose(rank, scroll) {
  state.rank = rank;
  for (const item of document.querySelectorAll(".vessel")) {
    const mine = Number(item.dataset.rank) === rank;
    item.classList.toggle("selected", mine);
    if (mine) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
  }
  if (rank && scroll) toView(card(rank) || alone(rank));
  redraw();
}
function frame(rank) {
  const own = mmsiOf.get(rank);
  const places = events.filter((e) => e.ranks.includes(rank)).concat(vessels.filter((v) => v.rank === rank));
  for (const t of tracks) if (t.mmsi === own) for (const piece of t.pieces) places.push(...piece);
  if (places.length) lookAt(extent(places), 3000);
}
function forget() {
  state.event = null;
  for (const block of document.querySelectorAll(".event.chosen")) block.classList.remove("chosen");
  redraw();
}
function shut() {
  if (panel.hidden) return;
  panel.hidden = true;
  forget();
}

function popupBody(event) {
  const [block] = blocks(event.id);
  const body = document.createElement("div");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.textContent = "×";
  close.setAttribute("aria-label", $("map").dataset.close);
  close.addEventListener("click", () => { shut(); $("map").focus(); });
  const head = document.createElement("h2");
  if (!block) {
    const item = alone(event.ranks[0]);
    head.textContent = item.querySelector(".title").textContent;
    body.append(close, head, ...[...item.querySelectorAll(".next, .about:not(.id)")].map((p) => p.cloneNode(true)));
    for (const button of body.querySelectorAll(".copy")) button.remove();
    return body;
  }
  head.append(block.querySelector(".symbol").cloneNode(true), block.querySelector(".show bdi").cloneNode(true));
  const ranks = document.createElement("p");
  ranks.className = "ranks";
  for (const r of event.ranks) {
    const button = document.createElement("button");
    const name = document.createElement("bdi");
    name.textContent = card(r).querySelector(".select").textContent;
    button.type = "button";
    button.append(numberOf(r) + " ", name);
    button.addEventListener("click", () => { choose(r, true); frame(r); card(r).querySelector(".head").focus({ preventScroll: true }); });
    ranks.append(button);
  }
  body.append(close, head, ranks, block.querySelector(".event-body").cloneNode(true));
  const evidence = block.querySelector("details");
  if (evidence) body.append(evidence.cloneNode(true));
  return body;
}
/* Room for the panel: left of the sea where that is wide, below it on a phone. */
function beside() {
  const size = map.getSize();
  return size.x > 640 ? { paddingTopLeft: [panel.offsetWidth + 40, 40], paddingBottomRight: [60, 40] }
    : { paddingTopLeft: [30, 30], paddingBottomRight: [30, panel.offsetHeight + 20] };
}
/* Where its vessels were while it went on, and just before and after. */
function around(event) {
  const from = event.begin_s - NEAR_S;
  const until = (event.end_s === null ? SPAN_S : event.end_s) + NEAR_S;
  const places = [event];
  for (const t of tracks) {
    if (!event.mmsi.includes(t.mmsi)) continue;
    for (const piece of t.pieces) places.push(...piece.filter((p) => p.t >= from && p.t <= until));
  }
  const far = places.filter((p) => Math.abs(p.x - event.x) < 1 && Math.abs(p.y - event.y) < 1);
  return extent(far);
}
function open(event, rank, scroll, near) {
  shut();
  choose(rank || event.ranks[0], false);
  state.event = event;
  for (const block of blocks(event.id)) block.classList.add("chosen");
  const told = [...blocks(event.id)];
  if (scroll) toView(told.find((one) => one.closest(".selected")) || told[0] || alone(event.ranks[0]));
  panel.replaceChildren(popupBody(event));
  panel.hidden = false;
  const room = beside();
  const at = latLng(event.x, event.y);
  if (near) map.fitBounds(boundsOf(around(event)), { ...room, maxZoom: zoomFor(3000), animate: false });
  else map.panInside(at, { ...room, animate: false });
  $("said").textContent = event.label;
}
const known = new Map(events.map((e) => [e.id, e]));

$("list").addEventListener("click", (click) => {
  const item = click.target.closest(".vessel");
  const fold = click.target.closest("details");
  if (!item || !fold?.matches(".fold") || String(window.getSelection())) return;
  const rank = Number(item.dataset.rank);
  const show = click.target.closest(".show");
  if (show) {
    const event = known.get(show.dataset.event);
    choose(rank, false);
    if (event) open(event, rank, false, true);
    else frame(rank);
    return;
  }
  if (fold.open && click.target.closest(".head")) { // which shuts it
    if (state.rank === rank) all();
    return;
  }
  shut();
  choose(rank, false);
  frame(rank);
});

// ---- Pointer: what is under it ----
function under(point) {
  const found = [];
  for (const [layer, list] of [[moments, marks.now], [sheet, marks.all]]) {
    const p = layer.from(point);
    for (const mark of list)
      if (Math.hypot(mark.sx - p.x, mark.sy - p.y) <= (mark.small ? 8 : 13)) found.push({ mark, layer });
  }
  return found.find(({ mark }) => !mark.small) || found[0];
}
map.on("click", (e) => {
  const mark = under(e.containerPoint)?.mark;
  if (mark) open(mark.event, mark.event.ranks.includes(state.rank) ? state.rank : 0, true);
});
map.on("mousemove", (e) => {
  const found = under(e.containerPoint);
  const mark = found?.mark;
  $("map").classList.toggle("pointing", Boolean(mark));
  tell(mark && mark.event !== state.event && mark.event.label, mark && found.layer.latLng(mark.sx, mark.sy));
});

// ---- Keys and buttons ----
const player = makePlayer(state, (whole) => redraw(whole ? "all" : "moment"));
function next(by) {
  if (!events.length) return;
  const i = state.event ? events.indexOf(state.event) : by > 0 ? -1 : 0;
  open(events[(i + by + events.length) % events.length], 0, true);
}
function all() {
  shut();
  choose(0, false);
  showAll();
}
keys({
  0: all, n: () => next(1), p: () => next(-1), " ": player.toggle, ",": () => player.step(-STEP_S),
  ".": () => player.step(STEP_S), "[": () => player.faster(-1), "]": () => player.faster(1),
});
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  if (state.event) {
    shut();
    $("map").focus();
  } else if (state.rank) all();
});
$("print").addEventListener("click", () => window.print());
/* Not every browser opens what it is sent to, nor what it prints. */
function arrive() {
  const item = document.getElementById(location.hash.slice(1));
  if (!item?.closest(".fold")) return;
  reveal(item);
  item.scrollIntoView();
}
let printed = [];
addEventListener("beforeprint", () => {
  printed = [...document.querySelectorAll(".fold:not([open])")];
  for (const fold of printed) fold.open = true;
});
addEventListener("afterprint", () => { for (const fold of printed) fold.open = false; });
begin(all);
arrive();
addEventListener("hashchange", arrive);
