/* Places and coverage: the list shows a place on the map, the map says what lies under the pointer and opens it in the list. */
const probe = document.createElement("canvas").getContext("2d");
const named = [...regions, ...zones.filter((zone) => zone.look !== "territorial_sea")];
function under(e) {
  const [x, y] = [px(e.latlng.lng - data.lon0), py(e.latlng.lat)];
  const dot = places.find((p) => (!state.group || p.group === state.group) && map.latLngToContainerPoint(latLng(p.x, p.y)).distanceTo(e.containerPoint) < 8);
  return dot || named.find((area) => probe.isPointInPath(area.path, x, y, "evenodd"));
}
map.on("mousemove", (e) => tell(under(e)?.title, e.latlng));
map.on("click", (e) => {
  const found = under(e);
  if (!found?.key) return;
  show(found.key, false);
  const line = document.getElementById(found.key);
  const folded = line?.closest("details");
  if (folded) folded.open = true;
  line?.scrollIntoView({ block: "nearest" });
});
function show(key, go = true) {
  state.region = key;
  const mine = [...regions, ...zones].filter((region) => key && region.key === key);
  if (go && mine.length) {
    lookAt(mine.map((region) => region.box).reduce((a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]), 2500);
  }
  for (const one of document.querySelectorAll(".cards > li, .names > li, .blocks tr")) one.classList.toggle("chosen", one.id === key);
  $("said").textContent = mine[0]?.title || "";
  redraw();
}
function all() {
  show("");
  showAll();
}
for (const button of document.querySelectorAll("button[data-region]")) {
  button.hidden = false;
  button.addEventListener("click", () => show(button.dataset.region));
}
for (const button of document.querySelectorAll("button[data-group]")) {
  button.hidden = false;
  button.addEventListener("click", () => { // one night alone, or all of them again
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const one of document.querySelectorAll("button[data-group]")) one.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(on));
    state.group = on ? button.dataset.group : "";
    show(button.dataset.of);
  });
}
keys({ 0: all });
begin(all);
if (location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest("details")?.setAttribute("open", "");
if (location.hash.length > 1) show(decodeURIComponent(location.hash.slice(1)));
