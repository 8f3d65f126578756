/* The map on its page: light, edges, buttons, what moves it and what it shows of the place under the pointer. */
const state = { rank: 0, event: null, moment: null, region: "", group: "", pad: 0.2, shown: null, closed: new Set() };
let colors = {};
function palette() {
  const read = getComputedStyle(document.documentElement);
  return Object.fromEntries(style.colours.map((name) => [name, read.getPropertyValue("--" + name).trim()]));
}

$("map").hidden = false;
const map = makeMap();
const furniture = makeFurniture(map);
const marks = { now: [], all: [] };
const sheet = new Sheet((ctx, w, h, v, ratio) => { marks.all = draw(ctx, w, h, v, colors, ratio, state); }, state.pad);
const sheets = [sheet];
let asked = "";
function redraw(what = "all") {
  if (!asked) {
    requestAnimationFrame(() => {
      if (asked === "all") furniture(colors);
      for (const one of sheets) if (asked === "all" || one !== sheet) one.repaint();
      asked = "";
    });
  }
  asked = asked === "all" ? "all" : what;
}
map.on("move zoomend resize", () => furniture(colors));

function showAll() {
  map.fitBounds(boundsOf(home), { padding: [40, 40], maxZoom: zoomFor(style.closest), animate: false });
}
function lookAt(box, closest) {
  map.fitBounds(boundsOf(box), { padding: [70, 70], maxZoom: zoomFor(closest), animate: false });
}

const tip = L.tooltip({ direction: "top", offset: [0, -12] });
function tell(words, at) {
  if (!words) { map.closeTooltip(tip); return; }
  const text = document.createElement("bdi");
  text.textContent = words;
  tip.setLatLng(at).setContent(text);
  if (!map.hasLayer(tip)) map.openTooltip(tip);
}
map.on("mousemove", (e) => {
  $("cursor").textContent = fine(e.latlng.lat, 2, "NS") + " " + fine(wrap(e.latlng.lng), 3, "EW");
});
map.on("mouseout", () => { $("cursor").textContent = ""; map.closeTooltip(tip); });
function fine(value, size, signs) {
  const hundredths = Math.round(Math.abs(value) * 6000);
  const minutes = ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0");
  return String(Math.floor(hundredths / 6000)).padStart(size, "0") + "°" + minutes + "′" + signs[value < 0 ? 1 : 0];
}

/* In a page that scrolls the wheel scrolls it, until the map is clicked on. */
if (document.querySelector(".document")) {
  const wheel = (e) => map.scrollWheelZoom[e.ctrlKey || $("map").contains(document.activeElement) ? "enable" : "disable"]();
  $("map").parentElement.addEventListener("wheel", wheel, { capture: true, passive: true });
}
/* Keys while the map has the focus; Leaflet has the arrows, plus and minus. */
function keys(acts) {
  $("map").addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("button, summary, .leaflet-popup")) return;
    const act = acts[e.key] || acts[e.key.toLowerCase()];
    if (!act) return;
    e.preventDefault();
    act();
  });
}
/* Show the map, once the page has said what its layers and keys are; `all` goes back to the beginning. */
function begin(all) {
  for (const overlay of document.querySelectorAll("#map > .zoom, #map > .legend, #map > #panel")) {
    L.DomEvent.disableClickPropagation(overlay);
    L.DomEvent.disableScrollPropagation(overlay);
  }
  $("in").addEventListener("click", () => map.zoomIn());
  $("out").addEventListener("click", () => map.zoomOut());
  $("all").addEventListener("click", all);
  const light = () => { colors = palette(); redraw(); };
  $("night").addEventListener("change", light);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", light);
  colors = palette();
  document.documentElement.dataset.ready = "true"; // the still map makes room
  map.invalidateSize({ animate: false, pan: false });
  showAll();
  for (const one of sheets) map.addLayer(one);
  furniture(colors);
  new ResizeObserver(() => {
    const before = map.getSize();
    map.invalidateSize({ animate: false, pan: false });
    const size = map.getSize();
    if (!size.x || !size.y) return;
    map.setMinZoom(map.getBoundsZoom(boundsOf([edge.l, edge.b, edge.r, edge.t])) - 1);
    if (!before.x || !before.y) showAll();
  }).observe($("map"));
}
