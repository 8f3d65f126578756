/* Learned places: the table shows a place on the map, the map says what lies under the pointer. */
const probe = document.createElement("canvas").getContext("2d");
const named = [...regions, ...zones.filter((zone) => zone.look !== "territorial_sea")];
function under(at) {
  const [x, y] = [px(at.lng - data.lon0), py(at.lat)];
  return named.find((area) => probe.isPointInPath(area.path, x, y, "evenodd"));
}
map.on("mousemove", (e) => tell(under(e.latlng)?.title, e.latlng));

function show(key) {
  state.region = key;
  const place = regions.find((region) => region.key === key);
  if (place) lookAt(place.box, 2500);
  redraw();
}
function all() {
  state.region = "";
  showAll();
  redraw();
}
for (const link of document.querySelectorAll("a[data-key]")) {
  link.addEventListener("click", (e) => {
    e.preventDefault();
    show(link.dataset.key);
    $("chart").scrollIntoView({ block: "nearest" });
  });
}
keys({ 0: all });
begin(all);
