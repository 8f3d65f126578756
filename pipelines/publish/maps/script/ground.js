/* What lies below, and the sheet itself: land, zones, boundaries, graticule, degrees, scale, names. */
/* Draw a path in its look, in units of `unit` pixels; a thing's own colour is where the look has none. */
function drawn(ctx, path, look, c, unit, own) {
  const line = c[look.colour || own];
  if (look.fill_opacity) {
    ctx.globalAlpha = look.fill_opacity;
    ctx.fillStyle = look.fill ? c[look.fill] : line;
    ctx.fill(path, "evenodd");
  }
  ctx.globalAlpha = look.opacity;
  ctx.strokeStyle = line;
  ctx.lineWidth = look.width * unit;
  ctx.setLineDash(look.dash.map((d) => d * unit));
  ctx.stroke(path);
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}
/* Land, zones and boundaries, in the world's own units. */
function groundOf(ctx, c, unit) {
  const area = (zone) => drawn(ctx, zone.path, style.looks[zone.look], c, unit, zone.colour);
  for (const zone of zones) if (zone.look === "territorial_sea") area(zone);
  drawn(ctx, land, style.looks.land, c, unit);
  for (const zone of zones) if (zone.look !== "territorial_sea") area(zone);
  drawn(ctx, borders, style.looks.border, c, unit);
}

/* The direction of traffic in lanes. */
function arrows(ctx, v, c, X, Y) {
  ctx.lineWidth = 1.5;
  for (const z of [...zones, ...regions]) {
    if (z.toward_deg === null || Math.max(z.box[2] - z.box[0], z.box[3] - z.box[1]) * v.k < 30) continue;
    ctx.strokeStyle = c[style.looks[z.look].colour || z.colour];
    ctx.save();
    ctx.translate(X((z.box[0] + z.box[2]) / 2), Y((z.box[1] + z.box[3]) / 2));
    ctx.rotate(z.toward_deg * RAD);
    ctx.beginPath();
    ctx.moveTo(0, 10); ctx.lineTo(0, -10); ctx.moveTo(-4, -4); ctx.lineTo(0, -10); ctx.lineTo(4, -4);
    ctx.stroke();
    ctx.restore();
  }
}

const gridStep = (v) => style.grid.find((s) => s * v.k >= 84) || 45;
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
  ctx.strokeStyle = c[style.looks.grid.colour];
  ctx.lineWidth = style.looks.grid.width;
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
    if (x > 30 && x < w - 80) label(ctx, angle(wrap(lon), "EW"), x, 12, c["grid-ink"], c, "center");
  }
  for (const lat of lats) {
    const y = Y(py(lat));
    if (y > 140 && y < h - 12) label(ctx, angle(lat, "NS"), w - 6, y, c["grid-ink"], c, "right");
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

function scaleBar(ctx, w, h, v, c) {
  // On Mercator a minute of latitude is a mile, and as long as 1/cos(lat) minutes of longitude
  const perMile = v.k / 60 / Math.cos(latitude(v.y + y0) * RAD);
  const miles = [...style.scale].reverse().find((m) => m * perMile <= Math.min(170, w / 3)) || style.scale[0];
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
  northArrow(ctx, x + long + 46, y - 7, c);
}
/* North is up, as on every sheet of ours. */
function northArrow(ctx, x, y, c) {
  ctx.fillStyle = c.halo;
  ctx.globalAlpha = 0.85;
  ctx.fillRect(x - 10, y - 17, 20, 34);
  ctx.globalAlpha = 1;
  ctx.fillStyle = c.ink;
  ctx.beginPath();
  ctx.moveTo(x, y - 4); ctx.lineTo(x + 5, y + 13); ctx.lineTo(x, y + 10); ctx.lineTo(x - 5, y + 13);
  ctx.closePath();
  ctx.fill();
  ctx.textAlign = "center";
  ctx.font = "700 10px system-ui, sans-serif";
  ctx.fillText("N", x, y - 7);
}

function stateNames(ctx, w, v, c, X, Y, taken) {
  ctx.font = "600 13px system-ui, sans-serif";
  if ("letterSpacing" in ctx) ctx.letterSpacing = "4px";
  for (const s of states) {
    const half = ctx.measureText(s.text).width / 2;
    const x = X(s.x);
    const y = Y(s.y);
    const box = [x - half - 4, y - 10, x + half + 4, y + 10];
    if (s.room_deg * v.k < half * 0.6 || box[0] < 0 || box[2] > w || box[1] < 24 || !free(taken, box)) continue;
    taken.push(box);
    label(ctx, s.text, x, y, c["land-ink"], c, "center", c.land);
  }
  if ("letterSpacing" in ctx) ctx.letterSpacing = "0px";
}
function zoneNames(ctx, w, h, v, c, X, Y, taken) {
  ctx.font = "italic 11px system-ui, sans-serif";
  const said = []; // a port and its anchorage may share a name
  for (const z of zones) {
    if (z.look === "territorial_sea") continue;
    const text = z.title.length > 30 ? z.title.slice(0, 29) + "…" : z.title;
    const long = ctx.measureText(text).width;
    const x = (X(z.box[0]) + X(z.box[2])) / 2;
    const wide = (z.box[2] - z.box[0]) * v.k;
    const tall = (z.box[3] - z.box[1]) * v.k;
    if (Math.max(wide, tall) < 34) continue;
    const above = Y(z.box[3]) - 9;
    const y = tall > 30 && wide > long + 8 ? (Y(z.box[1]) + Y(z.box[3])) / 2 : above;
    const box = [x - long / 2 - 2, y - 7, x + long / 2 + 2, y + 7];
    if (box[0] < 4 || box[2] > w - 50 || y < 24 || y > h - 44 || !free(taken, box)) continue;
    if (said.some((one) => one.text === text && Math.hypot(one.x - x, one.y - y) < 200)) continue;
    said.push({ text, x, y });
    taken.push(box);
    label(ctx, text, x, y, c.zone, c, "center");
  }
  return new Set(said.map((one) => one.text));
}
/* Places that positions are described by, the most prominent first; a few, for they are what the eye goes by. */
const PLACE_SPOTS = [[6, 0, "left"], [-6, 0, "right"], [0, -11, "center"], [0, 11, "center"]];
function placeNames(ctx, w, h, c, X, Y, taken, said) {
  ctx.font = "11px system-ui, sans-serif";
  const named = [];
  for (const p of landmarks) {
    const [x, y] = [X(p.x), Y(p.y)];
    if (x < 0 || y < 0 || x > w || y > h || said.has(p.text) || !free(taken, boxAt(x, y, 3))) continue;
    if (named.some((one) => Math.abs(one[0] - x) < 110 && Math.abs(one[1] - y) < 44)) continue;
    if (!nameAt(ctx, taken, p.text, x, y, PLACE_SPOTS, c.quiet, c)) continue;
    dot(ctx, x, y, 1.8, c.quiet);
    named.push([x, y]);
  }
}
