/* The drawing, the same for screen and paper: `v` is the view (its middle and pixels per degree), `c` the
   colours, `s` what is chosen, whether a moment is being shown, and how far the sheet goes beyond the window
   (`pad`, as a part of the window). */
const NAMES = ["paper", "ink", "quiet", "magenta", "magenta-soft", "sea", "off", "land", "coast", "land-ink",
  "grid", "grid-ink", "zone", "lane", "border", "track", "partner", "halo", "on-magenta"];
const DAY = {
  paper: "#fff", ink: "#17303d", quiet: "#55676f", magenta: "#a8145f", magentaSoft: "#f3dbe6", sea: "#e6f0f4",
  off: "#d3dfe4", land: "#f3e7c6", coast: "#a58c58", landInk: "#8d7a4c", grid: "#b4c9d2", gridInk: "#4d6b79",
  zone: "#7d5a98", lane: "#2d7f8c", border: "#7a4f2a", track: "#4f7083", partner: "#3f7d5e", halo: "#fff",
  onMagenta: "#fff",
};

const onSheet = (v, w, h) => [(x) => (x - v.x) * v.k + w / 2, (y) => h / 2 - (y - v.y) * v.k];

/* Everything that moves with the sea; returns the marks as they were laid out. */
function draw(ctx, w, h, v, c, ratio, s) {
  const [X, Y] = onSheet(v, w, h);
  const inWorld = (paint) => {
    ctx.save();
    ctx.setTransform(ratio * v.k, 0, 0, -ratio * v.k, ratio * X(0), ratio * Y(0));
    paint(1 / v.k);
    ctx.restore();
  };
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.lineJoin = ctx.lineCap = "round";
  ctx.fillStyle = c.off;
  ctx.fillRect(0, 0, w, h);
  const sheet = [X(edge.l), Y(edge.t), (edge.r - edge.l) * v.k, (edge.t - edge.b) * v.k];
  ctx.fillStyle = c.sea;
  ctx.fillRect(...sheet);
  ctx.save();
  ctx.beginPath();
  ctx.rect(...sheet);
  ctx.clip();
  inWorld((unit) => {
    for (const zone of zones) if (zone.kind === "territorial_sea") strokeZone(ctx, zone, c, unit, [7, 3, 1.5, 3]);
    ctx.fillStyle = c.land;
    ctx.fill(land, "evenodd");
    ctx.strokeStyle = c.coast;
    ctx.lineWidth = 0.8 * unit;
    ctx.stroke(land);
    for (const zone of zones) if (zone.kind !== "territorial_sea") strokeZone(ctx, zone, c, unit, [4, 3]);
    ctx.globalAlpha = 0.75;
    ctx.strokeStyle = c.border;
    ctx.lineWidth = 1.3 * unit;
    ctx.setLineDash([9 * unit, 3 * unit, 2 * unit, 3 * unit, 2 * unit, 3 * unit]);
    ctx.stroke(borders);
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
  });
  graticule(ctx, w, h, v, c, X, Y);
  arrows(ctx, v, c, X, Y);
  const marks = layOut(w, h, X, Y, s, events);
  // No name is cut by the window's edge, nor runs into the degrees at its right
  const [ex, ey] = [(w * s.pad) / (1 + 2 * s.pad), (h * s.pad) / (1 + 2 * s.pad)];
  const taken = [[ex - 1, 0, ex, h], [w - ex - 46, 0, w - ex, h], [0, ey - 1, w, ey + 18], [0, h - ey, w, h - ey + 1]];
  for (const m of marks) if (!m.small) taken.push([m.sx - 12, m.sy - 12, m.sx + 12, m.sy + 12]);
  stateNames(ctx, w, v, c, X, Y, taken);
  planOf(ctx, c, X, Y);
  tracksOf(ctx, c, X, Y, s);
  if (!s.moment) ships(ctx, c, X, Y, s);
  for (const mark of marks) leader(ctx, mark, c);
  for (const small of [true, false])
    for (const mark of [...marks].reverse()) if (mark.small === small) drawMark(ctx, mark, c, s);
  hours(ctx, c, X, Y, taken, s);
  if (!s.moment) shipNames(ctx, w, h, c, X, Y, taken, s);
  zoneNames(ctx, w, h, v, c, X, Y, taken);
  ctx.restore();
  ctx.strokeStyle = c.gridInk;
  ctx.lineWidth = 1;
  ctx.strokeRect(...sheet);
  return marks;
}
/* What stays at the edges of the window: degrees and scale. */
function furnish(ctx, w, h, v, c, ratio) {
  const [X, Y] = onSheet(v, w, h);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, w, h);
  ctx.lineJoin = "round";
  degrees(ctx, w, h, v, c, X, Y);
  scaleBar(ctx, w, h, v, c);
}

function strokeZone(ctx, zone, c, unit, dash) {
  const color = zone.kind.endsWith("lane") ? c.lane : c.zone;
  if (zone.kind !== "territorial_sea") {
    ctx.globalAlpha = 0.07;
    ctx.fillStyle = color;
    ctx.fill(zone.path, "evenodd");
  }
  ctx.globalAlpha = zone.kind === "territorial_sea" ? 0.45 : 0.75;
  ctx.strokeStyle = color;
  ctx.lineWidth = 0.9 * unit;
  ctx.setLineDash(dash.map((d) => d * unit));
  ctx.stroke(zone.path);
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

/* The direction of traffic in lanes. */
function arrows(ctx, v, c, X, Y) {
  ctx.strokeStyle = c.lane;
  ctx.lineWidth = 1.5;
  for (const z of zones) {
    if (z.toward === undefined || Math.max(z.box[2] - z.box[0], z.box[3] - z.box[1]) * v.k < 30) continue;
    ctx.save();
    ctx.translate(X((z.box[0] + z.box[2]) / 2), Y((z.box[1] + z.box[3]) / 2));
    ctx.rotate(z.toward * RAD);
    ctx.beginPath();
    ctx.moveTo(0, 10); ctx.lineTo(0, -10); ctx.moveTo(-4, -4); ctx.lineTo(0, -10); ctx.lineTo(4, -4);
    ctx.stroke();
    ctx.restore();
  }
}

const STEPS = [1 / 60, 1 / 30, 1 / 12, 1 / 6, 0.25, 0.5, 1, 2, 5, 10, 20, 30];
const gridStep = (v) => STEPS.find((s) => s * v.k >= 84) || 45;
function gridLines(w, h, v) {
  const step = gridStep(v);
  const left = v.x - w / 2 / v.k + x0 + data.lon0;
  const right = v.x + w / 2 / v.k + x0 + data.lon0;
  const low = latitude(v.y - h / 2 / v.k + y0);
  const high = latitude(v.y + h / 2 / v.k + y0);
  const range = (a, b) => {
    const out = [];
    for (let i = Math.ceil(a / step); i * step <= b; i += 1) out.push(i * step);
    return out;
  };
  return { lons: range(left, right), lats: range(low, high) };
}
function graticule(ctx, w, h, v, c, X, Y) {
  const { lons, lats } = gridLines(w, h, v);
  ctx.strokeStyle = c.grid;
  ctx.lineWidth = 0.7;
  ctx.beginPath();
  for (const lon of lons) { const x = Math.round(X(px(lon - data.lon0))) + 0.5; ctx.moveTo(x, 0); ctx.lineTo(x, h); }
  for (const lat of lats) { const y = Math.round(Y(py(lat))) + 0.5; ctx.moveTo(0, y); ctx.lineTo(w, y); }
  ctx.stroke();
}
function angle(value, signs) {
  const minutes = Math.round(Math.abs(value) * 60);
  const rest = minutes % 60;
  return Math.floor(minutes / 60) + "°" + (rest ? String(rest).padStart(2, "0") + "′" : "") + (minutes ? signs[value < 0 ? 1 : 0] : "");
}
const wrap = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
function degrees(ctx, w, h, v, c, X, Y) {
  const { lons, lats } = gridLines(w, h, v);
  ctx.font = "11px system-ui, sans-serif";
  for (const lon of lons) {
    const x = X(px(lon - data.lon0));
    if (x > 30 && x < w - 80) label(ctx, angle(wrap(lon), "EW"), x, 12, c.gridInk, c, "center");
  }
  for (const lat of lats) {
    const y = Y(py(lat));
    if (y > 140 && y < h - 12) label(ctx, angle(lat, "NS"), w - 6, y, c.gridInk, c, "right");
  }
}
function label(ctx, text, x, y, color, c, align, halo) {
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.lineWidth = 3;
  ctx.strokeStyle = halo || c.halo;
  ctx.globalAlpha *= 0.85;
  ctx.strokeText(text, x, y);
  ctx.globalAlpha /= 0.85;
  ctx.fillStyle = color;
  ctx.fillText(text, x, y);
}

const MILES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
function scaleBar(ctx, w, h, v, c) {
  // On Mercator a minute of latitude is a mile, and as long as 1/cos(lat) minutes of longitude
  const perMile = v.k / 60 / Math.cos(latitude(v.y + y0) * RAD);
  const miles = [...MILES].reverse().find((m) => m * perMile <= Math.min(170, w / 3)) || MILES[0];
  const long = miles * perMile;
  const x = 16;
  const y = h - 18;
  ctx.fillStyle = c.halo;
  ctx.globalAlpha = 0.85;
  ctx.fillRect(x - 8, y - 24, long + 40, 34);
  ctx.globalAlpha = 1;
  for (let i = 0; i < 4; i += 1) {
    ctx.fillStyle = i % 2 ? c.halo : c.ink;
    ctx.fillRect(x + (i * long) / 4, y - 4, long / 4, 5);
  }
  ctx.strokeStyle = c.ink;
  ctx.lineWidth = 1;
  ctx.strokeRect(x, y - 4, long, 5);
  ctx.font = "11px system-ui, sans-serif";
  ctx.fillStyle = c.ink;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  ctx.fillText("0", x - 2, y - 9);
  ctx.textAlign = "center";
  ctx.fillText(miles + " nm", x + long, y - 9);
}

function stateNames(ctx, w, v, c, X, Y, taken) {
  ctx.font = "600 13px system-ui, sans-serif";
  if ("letterSpacing" in ctx) ctx.letterSpacing = "4px";
  for (const s of states) {
    const half = ctx.measureText(s.name).width / 2;
    const x = X(s.x);
    const y = Y(s.y);
    const box = [x - half - 4, y - 10, x + half + 4, y + 10];
    if (s.room * v.k < half * 0.6 || box[0] < 0 || box[2] > w || box[1] < 24 || !free(taken, box)) continue;
    taken.push(box);
    label(ctx, s.name, x, y, c.landInk, c, "center", c.land);
  }
  if ("letterSpacing" in ctx) ctx.letterSpacing = "0px";
}

function tracksOf(ctx, c, X, Y, s) {
  const partners = companions.get(s.rank) || new Set();
  const chosen = mmsiOf.get(s.rank);
  const layer = (t) => (t.mmsi === chosen ? 2 : partners.has(t.mmsi) ? 1 : 0);
  for (const t of [...tracks].sort((a, b) => layer(a) - layer(b))) {
    const level = layer(t);
    if (!t.rank && !level) continue; // partners only with the vessel they met
    ctx.strokeStyle = level === 2 ? c.magenta : level === 1 ? c.partner : c.track;
    ctx.lineWidth = level ? 2 : 1;
    ctx.globalAlpha = s.moment ? 0.25 : level ? 1 : s.rank ? 0.3 : 0.6;
    ctx.beginPath();
    for (const piece of t.pieces) piece.forEach((p, i) => (i ? ctx.lineTo(X(p.x), Y(p.y)) : ctx.moveTo(X(p.x), Y(p.y))));
    ctx.stroke();
    ctx.setLineDash([2, 4]);
    ctx.beginPath();
    for (let i = 1; i < t.pieces.length; i += 1) {
      const a = t.pieces[i - 1][t.pieces[i - 1].length - 1];
      const b = t.pieces[i][0];
      if (Math.abs(a.x - b.x) > 180) continue; // the seam of the sheet
      ctx.moveTo(X(a.x), Y(a.y));
      ctx.lineTo(X(b.x), Y(b.y));
    }
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
  }
}
function hours(ctx, c, X, Y, taken, s) {
  const chosen = mmsiOf.get(s.rank);
  for (const t of tracks) {
    if (t.mmsi !== chosen) continue;
    ctx.font = "11px system-ui, sans-serif";
    for (const piece of t.pieces) {
      for (let i = 1; i < piece.length; i += 1) {
        const a = piece[i - 1];
        const b = piece[i];
        const clock = (p) => (p.t + data.start) / 60 + MYT_MINUTES;
        for (let hour = Math.ceil((clock(a) + 0.001) / 60); hour * 60 <= clock(b); hour += 1) {
          const f = (hour * 60 - clock(a)) / (clock(b) - clock(a));
          const x = X(a.x + f * (b.x - a.x));
          const y = Y(a.y + f * (b.y - a.y));
          const text = String(hour % 24).padStart(2, "0") + "00";
          if (!free(taken, [x - 3, y - 3, x + 3, y + 3])) continue;
          dot(ctx, x, y, 2.4, c.magenta);
          const box = [x + 5, y - 7, x + 37, y + 7];
          if (!free(taken, box)) continue;
          taken.push(box);
          label(ctx, text, x + 7, y, c.magenta, c, "left");
        }
      }
    }
  }
}
function dot(ctx, x, y, r, color) {
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.arc(x, y, r, 0, TAU);
  ctx.fill();
}
const free = (taken, b) => !taken.some((t) => b[0] < t[2] && b[2] > t[0] && b[1] < t[3] && b[3] > t[1]);

// Marks stay on their place where they can; else beside it, on a line that leads back to it; else,
// and while another vessel is chosen, they shrink to a dot until the reader comes closer.
const RINGS = [[0, 1], [23, 8], [42, 14]];
// While a moment is shown, only what goes on then is more than a dot (see playback.js).
const muted = (e, s) => s.moment !== null || (s.rank && !e.ranks.includes(s.rank));
function layOut(w, h, X, Y, s, shown) {
  const partners = (e) => e.ranks.includes(s.rank);
  const order = [...shown].sort((a, b) =>
    partners(b) - partners(a) || (b === s.event) - (a === s.event) || b.main - a.main || a.ranks[0] - b.ranks[0]);
  const found = [];
  for (const e of order) {
    const x = X(e.x);
    const y = Y(e.y);
    if (x < -30 || y < -30 || x > w + 30 || y > h + 30) continue;
    const mark = { event: e, x, y, sx: x, sy: y, small: true };
    const reach = muted(e, s) ? 0 : !e.main && !partners(e) ? 1 : Math.min(w, h) < 500 ? 2 : 3;
    search: for (const [r, n] of RINGS.slice(0, reach)) {
      for (let i = 0; i < n; i += 1) {
        const sx = x + r * Math.cos((i / n) * TAU - Math.PI / 4);
        const sy = y + r * Math.sin((i / n) * TAU - Math.PI / 4);
        if (found.some((m) => !m.small && (m.sx - sx) ** 2 + (m.sy - sy) ** 2 < 24 ** 2)) continue;
        mark.sx = sx;
        mark.sy = sy;
        mark.small = false;
        break search;
      }
    }
    found.push(mark);
  }
  return found;
}
function leader(ctx, mark, c) {
  if (mark.sx === mark.x && mark.sy === mark.y) return;
  ctx.globalAlpha = 0.8;
  ctx.strokeStyle = c.magenta;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(mark.x, mark.y);
  ctx.lineTo(mark.sx, mark.sy);
  ctx.stroke();
  dot(ctx, mark.x, mark.y, 2, c.magenta);
  ctx.globalAlpha = 1;
}
const round = (x, r) => { const path = new Path2D(); path.arc(x, 0, r, 0, TAU); return path; };
const SHAPES = { encounter: round(2.5, 8.5), loitering: round(0, 9.5), gap: round(0, 9.5) };
const BEHIND = round(-5, 8.5);
const RING = round(0, 12.2);
/* The outline of a kind, as the legend has it; a circle holds a number better than the legend's pictures. */
function shape(kind) {
  if (!Object.hasOwn(SHAPES, kind)) {
    const drawn = $("k-" + kind)?.querySelector("path") || $("k-other").querySelector("path");
    SHAPES[kind] = new Path2D(drawn.getAttribute("d"));
  }
  return SHAPES[kind];
}
/* Fill a path on a halo, and set the pen for its line. */
function outlined(ctx, path, width, color, fill) {
  ctx.lineWidth = 3.6;
  ctx.stroke(path);
  ctx.fillStyle = fill;
  ctx.fill(path);
  ctx.lineWidth = width;
  ctx.strokeStyle = color;
}
function drawMark(ctx, mark, c, s) {
  const e = mark.event;
  const chosen = e === s.event;
  ctx.save();
  ctx.translate(mark.sx, mark.sy);
  if (mark.small) {
    ctx.globalAlpha = muted(e, s) ? 0.6 : 1;
    dot(ctx, 0, 0, 4.6, c.halo);
    dot(ctx, 0, 0, 3.4, c.magenta);
    ctx.restore();
    return;
  }
  if (e.kind === "encounter") { // the other one, behind
    ctx.strokeStyle = c.halo;
    outlined(ctx, BEHIND, 1.6, c.magenta, c.magentaSoft);
    ctx.stroke(BEHIND);
  }
  const solid = e.main !== chosen;
  ctx.strokeStyle = c.halo;
  const line = e.kind === "gap" && solid ? c.magentaSoft : c.magenta;
  outlined(ctx, shape(e.kind), chosen ? 2.6 : 1.6, line, solid ? c.magenta : c.paper);
  if (e.kind === "gap") ctx.setLineDash([4, 3.1]);
  ctx.stroke(shape(e.kind));
  ctx.setLineDash([]);
  if (e.kind === "loitering") {
    ctx.lineWidth = 1.2;
    ctx.stroke(RING);
  }
  ctx.fillStyle = solid ? c.onMagenta : c.magenta;
  ctx.font = "700 " + (e.ranks[0] > 99 ? 9 : 10.5) + "px system-ui, sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(String(e.ranks[0]), e.kind === "encounter" ? 2.5 : 0, e.kind === "outlier" ? 2.5 : 0.5);
  ctx.restore();
}
function ship(ctx, x, y, heading, fill, stroke, width) {
  ctx.save();
  ctx.translate(x, y);
  ctx.beginPath();
  if (heading === null) ctx.arc(0, 0, 4, 0, TAU);
  else {
    ctx.rotate(heading * RAD);
    ctx.moveTo(0, -8);
    ctx.lineTo(4.6, 6);
    ctx.lineTo(-4.6, 6);
    ctx.closePath();
  }
  ctx.fillStyle = fill;
  ctx.fill();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = width;
  ctx.stroke();
  ctx.restore();
}
function ships(ctx, c, X, Y, s) {
  for (const v of vessels) {
    const chosen = v.rank === s.rank;
    ctx.globalAlpha = s.rank && !chosen ? 0.4 : 1;
    ship(ctx, X(v.x), Y(v.y), v.heading, c.paper, chosen ? c.magenta : c.track, chosen ? 2.2 : 1.5);
  }
  ctx.globalAlpha = 1;
}
function shipNames(ctx, w, h, c, X, Y, taken, s) {
  for (const v of vessels) if (!s.rank || v.rank === s.rank) taken.push([X(v.x) - 6, Y(v.y) - 6, X(v.x) + 6, Y(v.y) + 6]);
  const order = [...vessels].sort((a, b) => (b.rank === s.rank) - (a.rank === s.rank) || a.rank - b.rank);
  ctx.font = "600 11px system-ui, sans-serif";
  for (const v of order) {
    if (s.rank && v.rank !== s.rank) continue;
    const text = v.rank + "  " + (v.name.length > 22 ? v.name.slice(0, 21) + "…" : v.name);
    const long = ctx.measureText(text).width;
    const x = X(v.x);
    const y = Y(v.y);
    if (x < 0 || y < 0 || x > w || y > h) continue;
    const spots = [[11, 0, "left"], [-11, 0, "right"], [0, -16, "center"], [0, 16, "center"]];
    for (const [dx, dy, align] of spots) {
      const l = align === "left" ? x + dx : align === "right" ? x + dx - long : x - long / 2;
      const box = [l - 2, y + dy - 7, l + long + 2, y + dy + 7];
      if (box[0] < 4 || box[2] > w - 44 || !free(taken, box)) continue;
      taken.push(box);
      label(ctx, text, x + dx, y + dy, v.rank === s.rank ? c.magenta : c.ink, c, align);
      break;
    }
  }
}
function zoneNames(ctx, w, h, v, c, X, Y, taken) {
  ctx.font = "italic 11px system-ui, sans-serif";
  for (const z of zones) {
    if (z.kind === "territorial_sea") continue;
    const text = z.name.length > 30 ? z.name.slice(0, 29) + "…" : z.name;
    const long = ctx.measureText(text).width;
    const x = (X(z.box[0]) + X(z.box[2])) / 2;
    const wide = (z.box[2] - z.box[0]) * v.k;
    const tall = (z.box[3] - z.box[1]) * v.k;
    if (Math.max(wide, tall) < 34) continue;
    const above = Y(z.box[3]) - 9;
    const y = tall > 30 && wide > long + 8 ? (Y(z.box[1]) + Y(z.box[3])) / 2 : above;
    const box = [x - long / 2 - 2, y - 7, x + long / 2 + 2, y + 7];
    if (box[0] < 4 || box[2] > w - 50 || y < 24 || y > h - 44 || !free(taken, box)) continue;
    taken.push(box);
    label(ctx, text, x, y, c.zone, c, "center");
  }
}
