/* Drawing a watch area: the text of its corners is what counts; the map adds to it and shows it. */
const corners = $("corners");
const BLANKS = /[\s,;°º′'’"″]+|(?<=\d)-(?=\d)/g;
const ANGLE = String.raw`([+-]?\d{1,3}(?:\.\d+)?)(?: (\d{1,2}(?:\.\d+)?))?`;
const PLACE = new RegExp(`^${ANGLE} ?([NS])? ${ANGLE} ?([EW])?$`);
function corner(line) {
  const m = line.replace(BLANKS, " ").trim().toUpperCase().replace(/ ?([NSEW])/g, "$1").match(PLACE);
  if (!m) return null;
  const angle = (whole, part, back) => (Number(whole) + (whole.startsWith("-") ? -1 : 1) * (Number(part || 0) / 60)) * (back ? -1 : 1);
  const at = { lat: angle(m[1], m[2], m[3] === "S"), lng: angle(m[4], m[5], m[6] === "W") };
  return Math.abs(at.lat) <= 84 && Math.abs(at.lng) <= 180 ? at : null;
}
const lines = () => corners.value.split("\n").filter((line) => line.trim());
/* A line "+" begins another piece, "-" a hole: what is drawn is a list of rings. */
const SIGN = /^\s*[+−–-]\s*$/;
let rings = [];
const set = () => rings.flat();
/* The corner that the cursor is on in the text, else the last one. */
const chosen = () => (document.activeElement === corners ? corners.value.slice(0, corners.selectionStart).split("\n").filter((line, i, all) => i === all.length - 1 || line.trim()).length - 1 : lines().length - 1);
const typedAs = (at) => fine(at.lat, 2, "NS") + " " + fine(wrap(at.lng), 3, "EW");
function read() {
  rings = [[]];
  let bad = -1;
  lines().forEach((text, line) => {
    if (SIGN.test(text)) { rings.push([]); return; }
    const at = corner(text);
    if (at) rings.at(-1).push({ x: px(wrap(at.lng - data.lon0)), y: py(at.lat), line });
    else if (bad < 0) bad = line;
  });
  $("corners-said").textContent = bad < 0 ? "" : "✗ " + (bad + 1) + ": " + lines()[bad].slice(0, 40);
  redraw();
}
const drawing = new Sheet((ctx, w, h, v, ratio) => {
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, w, h);
  const [X, Y] = onSheet(v, w, h);
  ctx.strokeStyle = ctx.fillStyle = colors.magenta;
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (const ring of rings) {
    ring.forEach((p, i) => (i ? ctx.lineTo(X(p.x), Y(p.y)) : ctx.moveTo(X(p.x), Y(p.y))));
    if (ring.length > 2) ctx.closePath();
  }
  ctx.globalAlpha = 0.15;
  ctx.fill("evenodd");
  ctx.globalAlpha = 1;
  ctx.stroke();
  const way = toward();
  if (way !== null) for (const ring of rings.filter((r) => r.length > 2)) arrow(ctx, X, Y, ring, way);
  set().forEach((p) => dot(ctx, X(p.x), Y(p.y), p.line === chosen() ? 7 : 4, colors.magenta));
  if (document.activeElement === $("map")) { // where Enter sets a corner
    const at = map.getCenter();
    const [x, y] = [X(px(at.lng - data.lon0)), Y(py(at.lat))];
    ctx.strokeStyle = colors.ink;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(x - 9, y); ctx.lineTo(x + 9, y); ctx.moveTo(x, y - 9); ctx.lineTo(x, y + 9);
    ctx.stroke();
  }
}, 0);
sheets.push(drawing);
/* Where the traffic of a lane goes, as it is typed; null where it goes nowhere. */
function toward() {
  const typed = $("area").elements.direction_deg;
  const angle = Number(typed.value.replace(",", "."));
  return typed.value.trim() && !typed.closest("[data-class]").hidden && Number.isFinite(angle) ? angle : null;
}
function arrow(ctx, X, Y, ring, angle) {
  const box = extent(ring);
  ctx.save();
  ctx.translate(X((box[0] + box[2]) / 2), Y((box[1] + box[3]) / 2));
  ctx.rotate(angle * RAD);
  ctx.beginPath();
  ctx.moveTo(0, 14); ctx.lineTo(0, -14); ctx.moveTo(-6, -6); ctx.lineTo(0, -14); ctx.lineTo(6, -6);
  ctx.stroke();
  ctx.restore();
}
const fixed = corners.disabled; // the outline is a layer's
function add(at, line = lines().length) {
  if (fixed) return;
  corners.value = lines().toSpliced(line, 0, typedAs(at)).join("\n");
  changed(line);
}
function put(at, line) {
  corners.value = lines().with(line, typedAs(at)).join("\n");
  changed(line);
}
function drop() {
  if (fixed) return;
  corners.value = lines().slice(0, -1).join("\n");
  changed(lines().length - 1);
}
function changed(line) {
  read();
  $("said").textContent = lines().length + " · " + (lines()[line] || "");
}
/* With the pointer a corner is dragged; a click on a side sets one in it, elsewhere after the last. */
const REACH_PX = 9;
const on = (p) => map.latLngToContainerPoint(latLng(p.x, p.y));
let held = null; // the line of the corner that is dragged
let taken = false; // a press that took hold of a corner sets none
const cornerAt = (e) => set().find((p) => on(p).distanceTo(e.containerPoint) < REACH_PX);
function sideAt(e) {
  const near = (p, i, ring) => ring.length > 2 && L.LineUtil.pointToSegmentDistance(e.containerPoint, on(p), on(ring[(i + 1) % ring.length])) < REACH_PX;
  return rings.map((ring) => ring.find(near)).find(Boolean);
}
map.on("mousedown", (e) => {
  const corner = cornerAt(e);
  taken = Boolean(corner);
  if (!corner) return;
  held = corner.line;
  map.dragging.disable();
});
document.addEventListener("mouseup", () => {
  if (held === null) return;
  held = null;
  map.dragging.enable();
});
map.on("click", (e) => {
  if (taken) return;
  const side = sideAt(e);
  if (side) add(e.latlng, side.line + 1); else add(e.latlng);
});
map.on("mousemove", (e) => {
  if (held !== null) { put(e.latlng, held); return; }
  $("map").style.cursor = cornerAt(e) ? "move" : "";
  const lead = places.find((p) => on(p).distanceTo(e.containerPoint) < 8);
  tell(lead?.title, lead && latLng(lead.x, lead.y));
});
map.on("move", () => redraw("moment"));
corners.addEventListener("input", read);
document.addEventListener("selectionchange", () => { if (document.activeElement === corners) redraw("moment"); });
for (const what of ["focus", "blur"]) $("map").addEventListener(what, () => redraw("moment"));
function all() {
  if (set().length) lookAt(extent(set()), 2500); else showAll();
}
keys({ 0: all, Enter: () => add(map.getCenter()), Backspace: drop });
begin(all);
read();
if (set().length) all();
for (const button of document.querySelectorAll("[data-sign]")) {
  button.closest("[data-draws]").hidden = false;
  button.addEventListener("click", () => { // what is drawn next is a piece, or a hole, of its own
    corners.value = [...lines(), button.dataset.sign].join("\n");
    changed(lines().length - 1);
    $("map").focus();
  });
}

/* Only what a rule of that kind may say is asked for. */
const form = $("area");
function fit() {
  const chosen = form.querySelector("[name=when]:checked");
  const when = chosen ? chosen.value : "";
  const asks = Boolean(chosen) && chosen.matches("[data-asks]");
  for (const one of form.querySelectorAll("[data-when]")) one.hidden = !one.dataset.when.split(" ").includes(when);
  for (const one of form.querySelectorAll("[data-watch]")) one.hidden = asks || !when;
  for (const one of form.querySelectorAll("[data-asked]")) one.hidden = !asks;
  $("holds").hidden = !when;
  form.elements.speed_kn.required = ["speed", "speed_kn_max"].includes(when);
  form.elements.source.required = asks; // who asks for it
  if (asks) $("holds").open = true;
  const watched = form.elements.zone_class.value === "watch_area"; // it is there to tell of something
  for (const one of form.querySelectorAll("[data-zone]")) one.hidden = watched;
  for (const one of form.querySelectorAll("[data-class]")) one.hidden = !one.dataset.class.split(" ").includes(form.elements.zone_class.value);
  form.elements.licence_source.required = form.elements.zone_class.value === "sts_area" && form.elements.licensed.value !== "";
  redraw("moment");
}
form.elements.zone_class.addEventListener("change", (e) => { // a place by itself need tell of nothing
  if (form.elements.seen.value) return; // what a file says stays until somebody chooses otherwise
  if (e.target.value !== "watch_area") form.elements.when.value = "";
  else form.elements.when.value ||= "enter";
});
form.addEventListener("change", fit);
form.elements.direction_deg.addEventListener("input", () => redraw("moment"));
fit();
