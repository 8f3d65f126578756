/* The brief: list and map know of each other. Words reach the page through textContent, or as clones of what it
   already says. */
$("player").hidden = false;
$("print").hidden = false;
const moments = new Sheet((ctx, w, h, v, ratio) => { marks.now = drawMoment(ctx, w, h, v, colors, ratio, state); }, 0);
sheets.push(moments);

// ---- Choosing a vessel, opening an event ----
const card = (rank) => document.querySelector('.vessel[data-rank="' + rank + '"]');
const blocks = (id) => document.querySelectorAll('.event[data-event="' + CSS.escape(id) + '"]');
const popup = L.popup({
  closeButton: false, autoPanPaddingBottomRight: [58, 12], offset: [0, -6],
  className: "event-popup",
});
const NEAR = 0.5; // degrees across, 30 miles: close enough to see who lay beside whom

function choose(rank, scroll) {
  state.rank = rank;
  for (const item of document.querySelectorAll(".vessel")) {
    const mine = Number(item.dataset.rank) === rank;
    item.classList.toggle("selected", mine);
    item.querySelector(".select").setAttribute("aria-pressed", String(mine));
  }
  if (rank && scroll) card(rank).scrollIntoView({ block: "nearest" });
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
map.on("popupclose", forget);

function popupBody(event) {
  const [block] = blocks(event.id);
  const body = document.createElement("div");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.textContent = "×";
  close.setAttribute("aria-label", $("map").dataset.close);
  close.addEventListener("click", () => { map.closePopup(popup); $("map").focus(); });
  const head = document.createElement("h2");
  head.append(block.querySelector(".symbol").cloneNode(true), block.querySelector(".show bdi").cloneNode(true));
  const ranks = document.createElement("p");
  ranks.className = "ranks";
  for (const r of event.ranks) {
    const button = document.createElement("button");
    const name = document.createElement("bdi");
    name.textContent = card(r).querySelector(".select").textContent;
    button.type = "button";
    button.append(r + " ", name);
    button.addEventListener("click", () => { choose(r, true); frame(r); card(r).querySelector(".select").focus({ preventScroll: true }); });
    ranks.append(button);
  }
  body.append(close, head, ranks, block.querySelector(".event-body").cloneNode(true));
  const evidence = block.querySelector("details");
  if (evidence) {
    body.append(evidence.cloneNode(true));
    body.lastChild.addEventListener("toggle", () => popup.update()); // it grew
  }
  return body;
}
function open(event, rank, scroll) {
  map.closePopup(popup);
  choose(rank || event.ranks[0], false);
  state.event = event;
  for (const block of blocks(event.id)) block.classList.add("chosen");
  if (scroll) blocks(event.id)[0].scrollIntoView({ block: "nearest" });
  const size = map.getSize();
  const at = latLng(event.x, event.y);
  if (!map.getBounds().pad(-0.05).contains(at)) map.setView(at, map.getZoom(), { animate: false });
  const legend = document.querySelector(".legend");
  const beside = legend.open && size.x > 640 ? legend.offsetWidth + 20 : 12;
  popup.options.autoPanPaddingTopLeft = [beside, 12];
  popup.options.maxWidth = Math.min(330, size.x - 48);
  popup.options.minWidth = Math.min(260, size.x - 48);
  popup.options.maxHeight = Math.max(120, Math.round(size.y * 0.66));
  popup.setLatLng(at).setContent(popupBody(event)).openOn(map);
  $("said").textContent = event.label;
}
const known = new Map(events.map((e) => [e.id, e]));

$("list").addEventListener("click", (click) => {
  if (click.target.closest("details") || String(window.getSelection())) return;
  const item = click.target.closest(".vessel");
  if (!item) return;
  const rank = Number(item.dataset.rank);
  const show = click.target.closest(".show");
  if (show) {
    const event = known.get(show.dataset.event);
    choose(rank, false);
    if (event) {
      map.setView(latLng(event.x, event.y), zoomFor(map.getSize().x / NEAR), { animate: false });
      open(event, rank, false);
    } else frame(rank);
    return;
  }
  map.closePopup(popup);
  if (state.rank === rank && click.target.closest(".select")) {
    choose(0, false);
    showAll();
  } else {
    choose(rank, false);
    frame(rank);
  }
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
  map.closePopup(popup);
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
    map.closePopup(popup);
    $("map").focus();
  } else if (state.rank) all();
});
$("print").addEventListener("click", () => window.print());
document.querySelector(".legend").open = window.innerWidth > 1000;
begin(all);
