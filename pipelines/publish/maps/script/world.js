/* What the page's JSON block says, in one flat world: Mercator, in units of a degree of longitude, from
   the middle of what to show first. */
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const style = data.style;
const RAD = Math.PI / 180;
const TAU = 2 * Math.PI;
const MYT_MINUTES = 480;

const mercator = (lat) => Math.log(Math.tan(Math.PI / 4 + (lat * RAD) / 2)) / RAD;
const latitude = (y) => (2 * Math.atan(Math.exp(y * RAD)) - Math.PI / 2) / RAD;
const [west, south, east, north] = data.fit;
const x0 = (west + east) / 2;
const y0 = (mercator(south) + mercator(north)) / 2;
const px = (lon) => lon - x0;
const py = (lat) => mercator(lat) - y0;

function points(coded, scale, size) {
  const out = [];
  const sum = new Array(size).fill(0);
  for (let i = 0; i < coded.length; i += size) {
    for (let j = 0; j < size; j += 1) sum[j] += coded[i + j];
    out.push({ x: px(sum[0] / scale), y: py(sum[1] / scale), t: size > 2 ? sum[2] : 0 });
  }
  return out;
}
function outline(rings) {
  const path = new Path2D();
  for (const ring of rings) { // the coast is most of the page: no objects on the way
    let x = 0;
    let y = 0;
    for (let i = 0; i < ring.length; i += 2) {
      x += ring[i];
      y += ring[i + 1];
      if (i) path.lineTo(px(x / data.scale), py(y / data.scale)); else path.moveTo(px(x / data.scale), py(y / data.scale));
    }
    path.closePath();
  }
  return path;
}
function extent(list) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const p of list) {
    box[0] = Math.min(box[0], p.x); box[1] = Math.min(box[1], p.y);
    box[2] = Math.max(box[2], p.x); box[3] = Math.max(box[3], p.y);
  }
  return box;
}
const placed = (item) => item.x !== null && item.y !== null;
const land = outline(data.land);
function area(region) {
  const rings = region.rings.map((ring) => points(ring, data.scale, 2));
  return { ...region, path: outline(region.rings), box: extent([].concat(...rings)) };
}
function lineOf(path, coded) {
  points(coded, data.scale, 2).forEach((p, i) => (i ? path.lineTo(p.x, p.y) : path.moveTo(p.x, p.y)));
  return path;
}
const zones = data.zones.map(area);
const borders = data.borders.reduce(lineOf, new Path2D());
const regions = data.regions.map(area);
const ways = data.ways.map((way) => ({ ...way, path: lineOf(new Path2D(), way.line) }));
const places = data.points.map((p) => ({ ...p, x: px(p.x), y: py(p.y) }));
const tracks = data.tracks.map((t) => ({
  rank: t.rank, mmsi: t.mmsi, name: t.name, pieces: t.pieces.map((p) => points(p, data.track_scale, 3)),
}));
const vessels = data.vessels.filter(placed).map((v) => ({ ...v, x: px(v.x), y: py(v.y) }));
const events = data.events.filter(placed).map((e) => ({ ...e, x: px(e.x), y: py(e.y) }));
const states = data.states.map((one) => ({ ...one, x: px(one.x), y: py(one.y) }));
const landmarks = data.places.map((one) => ({ ...one, x: px(one.x), y: py(one.y) }));
const edge = { l: px(data.box[0]), b: py(data.box[1]), r: px(data.box[2]), t: py(data.box[3]) };
const openSea = new Path2D(land); // with even-odd: all of the sheet but the land
openSea.rect(edge.l, edge.b, edge.r - edge.l, edge.t - edge.b);
const home = [px(west), py(south), px(east), py(north)];
/* What a rank is shown as: vessels of one incident share its number. */
const numberOf = (rank) => String((data.numbers[rank] ?? rank) || "");
const mmsiOf = new Map(data.vessels.map((v) => [v.rank, v.mmsi]));
// Whom a vessel met: tracks of its partners are drawn with its own when it is chosen
const companions = new Map();
for (const e of data.events) {
  for (const rank of e.ranks) {
    if (!companions.has(rank)) companions.set(rank, new Set());
    e.mmsi.forEach((m) => companions.get(rank).add(m));
  }
}
