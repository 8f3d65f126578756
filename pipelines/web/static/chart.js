/* The map beside a list of incidents, or of one incident: list and map know of each other by the rank. */
$("player").hidden = false;
const moments = new Sheet((ctx, w, h, v, ratio) => { marks.now = drawMoment(ctx, w, h, v, colors, ratio, state); }, 0);
sheets.push(moments);
const alone = document.body.dataset.page !== "tonight";
const several = ["pack", "plan"].includes(document.body.dataset.page);
for (const one of document.querySelectorAll("#lines li.closed")) state.closed.add(Number(one.dataset.rank));
const row = (rank) => document.querySelector('#lines li[data-rank="' + rank + '"]');
const block = (id) => document.querySelector('[data-event="' + CSS.escape(id) + '"]');
function all() { choose(0); showAll(); }

function choose(rank) {
  state.rank = rank;
  state.event = null;
  for (const one of document.querySelectorAll("#lines li.chosen")) one.classList.remove("chosen");
  row(rank)?.classList.add("chosen");
  redraw();
}
function frame(rank) {
  const seen = events.filter((e) => e.ranks.includes(rank)).concat(vessels.filter((v) => v.rank === rank));
  if (seen.length) lookAt(extent(seen), 1500);
}
function open(event) {
  state.event = event;
  $("said").textContent = event.label;
  if (alone) {
    const told = block(event.id);
    const folded = told?.closest("details");
    if (folded) folded.open = true;
    told?.scrollIntoView({ block: "nearest" });
    redraw();
  } else row(event.ranks[0])?.querySelector("a.title").focus();
}
function under(point) {
  const found = [];
  for (const [layer, list] of [[moments, marks.now], [sheet, marks.all]]) {
    const p = layer.from(point);
    for (const mark of list) if (Math.hypot(mark.sx - p.x, mark.sy - p.y) <= (mark.small ? 8 : 13)) found.push({ mark, layer });
  }
  return found.find(({ mark }) => !mark.small) || found[0];
}
map.on("click", (e) => { const found = under(e.containerPoint); if (found) open(found.mark.event); });
map.on("mousemove", (e) => {
  const found = under(e.containerPoint);
  $("map").classList.toggle("pointing", Boolean(found));
  tell(found?.mark.event.label, found && found.layer.latLng(found.mark.sx, found.mark.sy));
});
$("lines")?.addEventListener("focusin", (e) => {
  const item = e.target.closest("li[data-rank]");
  if (!item || Number(item.dataset.rank) === state.rank) return;
  choose(Number(item.dataset.rank));
  frame(state.rank);
});
// Of a row: the map goes to it and has the keys; on a phone it is above, and comes into view.
for (const one of document.querySelectorAll("button[data-frame]")) {
  one.hidden = false;
  one.addEventListener("click", () => {
    choose(Number(one.dataset.frame));
    frame(state.rank);
    $("map").focus({ preventScroll: true });
    $("map").scrollIntoView({ block: "nearest" });
  });
}
$("lines")?.addEventListener("keydown", (e) => {
  const shown = e.target.closest("li[data-rank]")?.querySelector("button[data-frame]");
  if (e.key !== "m" || e.ctrlKey || e.metaKey || e.altKey || !shown) return;
  e.preventDefault();
  shown.click();
});
for (const one of document.querySelectorAll("button[data-show]")) {
  one.hidden = false;
  one.addEventListener("click", () => {
    const event = events.find((e) => e.id === one.dataset.show);
    if (!event) return;
    open(event);
    map.setView(latLng(event.x, event.y), map.getZoom(), { animate: false });
  });
}
const player = makePlayer(state, (whole) => redraw(whole ? "all" : "moment"));
keys({ 0: all, " ": player.toggle, ",": () => player.step(-STEP_S), ".": () => player.step(STEP_S), "[": () => player.faster(-1), "]": () => player.faster(1) });
if (alone && !several && vessels.length + events.length) choose((vessels[0] || { rank: events[0].ranks[0] }).rank);
begin(alone ? showAll : all);
