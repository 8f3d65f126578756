"use strict";
/* The chart of the brief. It reads one JSON block, draws on a canvas, and never asks for anything.
   Words reach the page through textContent, or as clones of what the page already says. */
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const RAD = Math.PI / 180;
  const TAU = 2 * Math.PI;
  const MYT_MINUTES = 480;

  // ---- Mercator, in units of a degree of longitude, from the middle of what to show first ----
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
    for (const ring of rings) {
      points(ring, data.scale, 2).forEach((p, i) => (i ? path.lineTo(p.x, p.y) : path.moveTo(p.x, p.y)));
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
  const zones = data.zones.map((z) => {
    const rings = z.rings.map((ring) => points(ring, data.scale, 2));
    return { name: z.name, kind: z.class, path: outline(z.rings), box: extent([].concat(...rings)) };
  });
  const tracks = data.tracks.map((t) => ({
    rank: t.rank, mmsi: t.mmsi, name: t.name, pieces: t.pieces.map((p) => points(p, data.trackScale, 3)),
  }));
  const vessels = data.vessels.filter(placed).map((v) => ({ ...v, x: px(v.x), y: py(v.y) }));
  const events = data.events.filter(placed).map((e) => ({ ...e, x: px(e.x), y: py(e.y) }));
  const states = data.states.map(([name, lon, lat, room]) => ({ name, room, x: px(lon), y: py(lat) }));
  const edge = { l: px(data.box[0]), b: py(data.box[1]), r: px(data.box[2]), t: py(data.box[3]) };
  const home = [px(west), py(south), px(east), py(north)];
  const mmsiOf = new Map(data.vessels.map((v) => [v.rank, v.mmsi]));
  // Whom a vessel met: tracks of its partners are drawn with its own when it is chosen
  const companions = new Map();
  for (const e of data.events) {
    for (const rank of e.ranks) {
      if (!companions.has(rank)) companions.set(rank, new Set());
      e.mmsi.forEach((m) => companions.get(rank).add(m));
    }
  }

  // ---- State ----
  const view = { x: 0, y: 0, k: 100 };
  const state = { rank: 0, event: null, shown: [] };
  let colors = {};
  let dirty = false;
  const map = $("map");
  const canvas = $("canvas");
  const popup = $("popup");
  let width = 1;
  let height = 1;

  function palette(names) {
    const style = getComputedStyle(document.documentElement);
    const read = {};
    for (const name of names) read[name.replace(/-./g, (m) => m[1].toUpperCase())] = style.getPropertyValue("--" + name).trim();
    return read;
  }
  const NAMES = ["paper", "ink", "quiet", "magenta", "magenta-soft", "sea", "off", "land", "coast", "land-ink",
    "grid", "grid-ink", "zone", "track", "partner", "halo", "on-magenta"];
  const DAY = {
    paper: "#fff", ink: "#17303d", quiet: "#55676f", magenta: "#a8145f", magentaSoft: "#f3dbe6", sea: "#e6f0f4",
    off: "#d3dfe4", land: "#f3e7c6", coast: "#a58c58", landInk: "#8d7a4c", grid: "#b4c9d2", gridInk: "#4d6b79",
    zone: "#7d5a98", track: "#4f7083", partner: "#3f7d5e", halo: "#fff", onMagenta: "#fff",
  };

  // ---- View ----
  const smallest = () => Math.min(width / (edge.r - edge.l), height / (edge.t - edge.b)) * 0.5;
  const clamp = (v, a, b) => Math.min(Math.max(v, a), b);
  const LARGEST = 24000; // 400 px to the mile
  function settle() {
    view.k = clamp(view.k, Math.min(smallest(), LARGEST), LARGEST);
    view.x = clamp(view.x, edge.l, edge.r);
    view.y = clamp(view.y, edge.b, edge.t);
    redraw();
  }
  function fit(box, w, h, room, closest) {
    const k = Math.min((w - 2 * room) / Math.max(box[2] - box[0], 1e-6), (h - 2 * room) / Math.max(box[3] - box[1], 1e-6));
    return { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, k: Math.min(Math.max(k, 1), closest) };
  }
  function zoomBy(factor, sx, sy) {
    const k = clamp(view.k * factor, Math.min(smallest(), LARGEST), LARGEST);
    view.x += (sx - width / 2) * (1 / view.k - 1 / k);
    view.y -= (sy - height / 2) * (1 / view.k - 1 / k);
    view.k = k;
    settle();
  }
  function showAll() {
    Object.assign(view, fit(home, width, height, 44, 6000));
    settle();
  }

  // ---- Drawing: one function for screen and paper ----
  function draw(ctx, w, h, v, c, ratio) {
    const X = (x) => (x - v.x) * v.k + w / 2;
    const Y = (y) => h / 2 - (y - v.y) * v.k;
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
    });
    graticule(ctx, w, h, v, c, X, Y);
    const marks = layOut(w, h, X, Y);
    const taken = marks.filter((m) => !m.small).map((m) => [m.sx - 12, m.sy - 12, m.sx + 12, m.sy + 12]);
    stateNames(ctx, w, v, c, X, Y, taken);
    tracksOf(ctx, v, c, X, Y);
    ships(ctx, c, X, Y);
    for (const mark of marks) leader(ctx, mark, c);
    for (const small of [true, false])
      for (const mark of [...marks].reverse()) if (mark.small === small) drawMark(ctx, mark, c);
    hours(ctx, c, v, X, Y, taken);
    shipNames(ctx, w, h, c, X, Y, taken);
    zoneNames(ctx, w, h, v, c, X, Y, taken);
    ctx.restore();
    ctx.strokeStyle = c.gridInk;
    ctx.lineWidth = 1;
    ctx.strokeRect(...sheet);
    degrees(ctx, w, h, v, c, X, Y);
    scaleBar(ctx, w, h, v, c);
    return marks;
  }

  function strokeZone(ctx, zone, c, unit, dash) {
    if (zone.kind !== "territorial_sea") {
      ctx.globalAlpha = 0.07;
      ctx.fillStyle = c.zone;
      ctx.fill(zone.path, "evenodd");
    }
    ctx.globalAlpha = zone.kind === "territorial_sea" ? 0.45 : 0.75;
    ctx.strokeStyle = c.zone;
    ctx.lineWidth = 0.9 * unit;
    ctx.setLineDash(dash.map((d) => d * unit));
    ctx.stroke(zone.path);
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
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

  const chosenPartners = () => companions.get(state.rank) || new Set();
  function tracksOf(ctx, v, c, X, Y) {
    const partners = chosenPartners();
    const chosen = mmsiOf.get(state.rank);
    const layer = (t) => (t.mmsi === chosen ? 2 : partners.has(t.mmsi) ? 1 : 0);
    for (const t of [...tracks].sort((a, b) => layer(a) - layer(b))) {
      const level = layer(t);
      if (!t.rank && !level) continue; // partners only with the vessel they met
      ctx.strokeStyle = level === 2 ? c.magenta : level === 1 ? c.partner : c.track;
      ctx.lineWidth = level ? 2 : 1;
      ctx.globalAlpha = level ? 1 : state.rank ? 0.3 : 0.6;
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
  function hours(ctx, c, v, X, Y, taken) {
    const chosen = mmsiOf.get(state.rank);
    for (const t of tracks) {
      if (t.mmsi !== chosen) continue;
      ctx.font = "11px system-ui, sans-serif";
      for (const piece of t.pieces) {
        for (let i = 1; i < piece.length; i += 1) {
          const a = piece[i - 1];
          const b = piece[i];
          const clock = (p) => p.t + Math.round(data.start / 60) + MYT_MINUTES;
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
  function layOut(w, h, X, Y) {
    const partners = (e) => e.ranks.includes(state.rank);
    const order = [...events].sort((a, b) =>
      partners(b) - partners(a) || (b === state.event) - (a === state.event) || b.main - a.main || a.ranks[0] - b.ranks[0]);
    const found = [];
    for (const e of order) {
      const x = X(e.x);
      const y = Y(e.y);
      if (x < -30 || y < -30 || x > w + 30 || y > h + 30) continue;
      const mark = { event: e, x, y, sx: x, sy: y, small: true };
      const reach = muted(e) ? 0 : !e.main && !partners(e) ? 1 : Math.min(w, h) < 500 ? 2 : 3;
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
  const muted = (e) => state.rank && !e.ranks.includes(state.rank);
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
  const SHAPES = {
    encounter(ctx) { ctx.arc(2.5, 0, 8.5, 0, TAU); },
    loitering(ctx) { ctx.arc(0, 0, 9.5, 0, TAU); },
    gap(ctx) { ctx.arc(0, 0, 9.5, 0, TAU); },
    geofence(ctx) { ctx.rect(-8.5, -8.5, 17, 17); },
    other(ctx) { ctx.moveTo(0, -11.5); ctx.lineTo(11.5, 0); ctx.lineTo(0, 11.5); ctx.lineTo(-11.5, 0); ctx.closePath(); },
  };
  function drawMark(ctx, mark, c) {
    const e = mark.event;
    const chosen = e === state.event;
    ctx.save();
    ctx.translate(mark.sx, mark.sy);
    if (mark.small) {
      ctx.globalAlpha = muted(e) ? 0.6 : 1;
      dot(ctx, 0, 0, 4.6, c.halo);
      dot(ctx, 0, 0, 3.4, c.magenta);
      ctx.restore();
      return;
    }
    if (e.kind === "encounter") { // the other one, behind
      ctx.beginPath();
      ctx.arc(-5, 0, 8.5, 0, TAU);
      ctx.lineWidth = 3.6;
      ctx.strokeStyle = c.halo;
      ctx.stroke();
      ctx.fillStyle = c.magentaSoft;
      ctx.fill();
      ctx.lineWidth = 1.6;
      ctx.strokeStyle = c.magenta;
      ctx.stroke();
    }
    ctx.beginPath();
    (SHAPES[e.kind] || SHAPES.other)(ctx);
    ctx.lineWidth = 3.6;
    ctx.strokeStyle = c.halo;
    ctx.stroke();
    const solid = e.main !== chosen;
    ctx.fillStyle = solid ? c.magenta : c.paper;
    ctx.fill();
    if (e.kind === "gap") ctx.setLineDash([4, 3.1]);
    ctx.lineWidth = chosen ? 2.6 : 1.6;
    ctx.strokeStyle = e.kind === "gap" && solid ? c.magentaSoft : c.magenta;
    ctx.stroke();
    ctx.setLineDash([]);
    if (e.kind === "loitering") {
      ctx.beginPath();
      ctx.arc(0, 0, 12.2, 0, TAU);
      ctx.lineWidth = 1.2;
      ctx.strokeStyle = c.magenta;
      ctx.stroke();
    }
    ctx.fillStyle = solid ? c.onMagenta : c.magenta;
    ctx.font = "700 " + (e.ranks[0] > 99 ? 9 : 10.5) + "px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(String(e.ranks[0]), e.kind === "encounter" ? 2.5 : 0, 0.5);
    ctx.restore();
  }
  function ships(ctx, c, X, Y) {
    for (const v of vessels) {
      const chosen = v.rank === state.rank;
      ctx.save();
      ctx.globalAlpha = state.rank && !chosen ? 0.4 : 1;
      ctx.translate(X(v.x), Y(v.y));
      ctx.beginPath();
      if (v.heading === null) ctx.arc(0, 0, 4, 0, TAU);
      else {
        ctx.rotate(v.heading * RAD);
        ctx.moveTo(0, -8);
        ctx.lineTo(4.6, 6);
        ctx.lineTo(-4.6, 6);
        ctx.closePath();
      }
      ctx.fillStyle = c.paper;
      ctx.fill();
      ctx.strokeStyle = chosen ? c.magenta : c.track;
      ctx.lineWidth = chosen ? 2.2 : 1.5;
      ctx.stroke();
      ctx.restore();
    }
  }
  function shipNames(ctx, w, h, c, X, Y, taken) {
    for (const v of vessels) if (!state.rank || v.rank === state.rank) taken.push([X(v.x) - 6, Y(v.y) - 6, X(v.x) + 6, Y(v.y) + 6]);
    const order = [...vessels].sort((a, b) => (b.rank === state.rank) - (a.rank === state.rank) || a.rank - b.rank);
    ctx.font = "600 11px system-ui, sans-serif";
    for (const v of order) {
      if (state.rank && v.rank !== state.rank) continue;
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
        label(ctx, text, x + dx, y + dy, v.rank === state.rank ? c.magenta : c.ink, c, align);
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

  // ---- On screen ----
  const buttons = new Map();
  function redraw() {
    if (dirty) return;
    dirty = true;
    requestAnimationFrame(() => {
      dirty = false;
      paint();
    });
  }
  function paint() {
    const ratio = window.devicePixelRatio || 1;
    const w = Math.max(1, Math.round(width * ratio));
    const h = Math.max(1, Math.round(height * ratio));
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    state.shown = draw(canvas.getContext("2d"), width, height, view, colors, ratio);
    const seen = new Set();
    state.shown.forEach((mark, i) => {
      const button = buttons.get(mark.event.id);
      seen.add(mark.event.id);
      button.hidden = false;
      button.style.transform = "translate(" + mark.sx + "px," + mark.sy + "px)";
      button.style.zIndex = String(state.shown.length - i);
    });
    for (const [id, button] of buttons) if (!seen.has(id)) button.hidden = true;
    placePopup();
  }
  function placePopup() {
    if (popup.hidden) return;
    const mark = state.shown.find((m) => m.event === state.event);
    popup.style.visibility = mark ? "visible" : "hidden"; // moved out of sight with its mark
    if (!mark) return;
    const w = popup.offsetWidth;
    const h = popup.offsetHeight;
    const right = mark.sx + 20 + w <= width - 60 || mark.sx < w + 28;
    const x = clamp(right ? mark.sx + 20 : mark.sx - 20 - w, 8, Math.max(8, width - w - 8));
    let y = clamp(mark.sy - h / 3, 8, Math.max(8, height - h - 8));
    if (width < 560) y = Math.min(mark.sy + 20, height - h - 8);
    popup.style.transform = "translate(" + Math.round(x) + "px," + Math.round(y) + "px)";
  }

  const card = (rank) => document.querySelector('.vessel[data-rank="' + rank + '"]');
  const blocks = (id) => document.querySelectorAll('.event[data-event="' + CSS.escape(id) + '"]');
  function choose(rank, scroll) {
    state.rank = rank;
    for (const item of document.querySelectorAll(".vessel")) {
      const mine = Number(item.dataset.rank) === rank;
      item.classList.toggle("selected", mine);
      item.querySelector(".select").setAttribute("aria-pressed", String(mine));
    }
    if (rank && scroll) card(rank).scrollIntoView({ block: "nearest" });
  }
  const NEAR = 0.5; // degrees across, 30 miles: close enough to see who lay beside whom
  function frame(rank) {
    const own = mmsiOf.get(rank);
    const places = events.filter((e) => e.ranks.includes(rank)).concat(vessels.filter((v) => v.rank === rank));
    for (const t of tracks) if (t.mmsi === own) for (const piece of t.pieces) places.push(...piece);
    if (!places.length) return;
    Object.assign(view, fit(extent(places), width, height, 70, 3000));
    settle();
  }
  function closePopup() {
    const was = state.event;
    state.event = null;
    popup.hidden = true;
    for (const block of document.querySelectorAll(".event.chosen")) block.classList.remove("chosen");
    redraw();
    return was;
  }
  function open(event, rank, scroll) {
    closePopup();
    choose(rank || event.ranks[0], false);
    state.event = event;
    const found = blocks(event.id);
    for (const block of found) block.classList.add("chosen");
    const body = $("popup-body");
    body.replaceChildren();
    const head = document.createElement("h2");
    head.append(found[0].querySelector(".symbol").cloneNode(true), found[0].querySelector(".show bdi").cloneNode(true));
    body.append(head);
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
    body.append(ranks, found[0].querySelector(".event-body").cloneNode(true));
    popup.setAttribute("aria-label", event.label);
    popup.hidden = false;
    popup.scrollTop = 0;
    if (scroll) found[0].scrollIntoView({ block: "nearest" });
    const sx = (event.x - view.x) * view.k;
    const sy = (event.y - view.y) * view.k;
    if (Math.abs(sx) > width / 2 - 30 || Math.abs(sy) > height / 2 - 30) { view.x = event.x; view.y = event.y; }
    if (width < 560) view.y = event.y - (height / 2 - 40) / view.k; // the popup takes the rest
    settle();
  }

  events.forEach((event) => {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1; // N and P, or the list, reach every event; a hundred tab stops reach none
    button.title = event.label;
    button.setAttribute("aria-label", event.label);
    button.addEventListener("click", () => open(event, 0, true));
    buttons.set(event.id, button);
    $("marks").append(button);
  });
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
        Object.assign(view, { x: event.x, y: event.y, k: width / NEAR });
        open(event, rank, false);
      } else frame(rank);
      return;
    }
    closePopup();
    if (state.rank === rank && click.target.closest(".select")) {
      choose(0, false);
      showAll();
    } else {
      choose(rank, false);
      frame(rank);
    }
  });

  // ---- Hands: pointers, wheel, keys ----
  const fingers = new Map();
  const at = (e) => {
    const box = map.getBoundingClientRect();
    return { x: e.clientX - box.left, y: e.clientY - box.top };
  };
  const onChart = (e) => !e.target.closest("#popup, .zoom, .legend");
  let moved = 0;
  map.addEventListener("pointerdown", (e) => {
    if (!onChart(e) || e.button > 0) return;
    fingers.set(e.pointerId, at(e));
    moved = 0;
  });
  map.addEventListener("pointermove", (e) => {
    const here = at(e);
    if (e.pointerType === "mouse") {
      const lon = wrap((here.x - width / 2) / view.k + view.x + x0 + data.lon0);
      const lat = latitude((height / 2 - here.y) / view.k + view.y + y0);
      $("cursor").textContent = fine(lat, 2, "NS") + " " + fine(lon, 3, "EW");
    }
    const before = fingers.get(e.pointerId);
    if (!before) return;
    const others = [...fingers].filter(([id]) => id !== e.pointerId).map(([, p]) => p);
    moved += Math.abs(here.x - before.x) + Math.abs(here.y - before.y);
    if (moved > 4 && !map.hasPointerCapture(e.pointerId)) {
      map.setPointerCapture(e.pointerId);
      map.classList.add("dragging");
    }
    if (others.length) {
      const o = others[0];
      const was = Math.hypot(before.x - o.x, before.y - o.y);
      const now = Math.hypot(here.x - o.x, here.y - o.y);
      if (was > 0) zoomBy(now / was, (here.x + o.x) / 2, (here.y + o.y) / 2);
    }
    const share = others.length ? 0.5 : 1;
    view.x -= ((here.x - before.x) / view.k) * share;
    view.y += ((here.y - before.y) / view.k) * share;
    fingers.set(e.pointerId, here);
    settle();
  });
  const lift = (e) => {
    fingers.delete(e.pointerId);
    map.classList.remove("dragging");
  };
  map.addEventListener("pointerup", lift);
  map.addEventListener("pointercancel", lift);
  map.addEventListener("pointerleave", () => { $("cursor").textContent = ""; });
  map.addEventListener("click", (e) => {
    if (e.target === map || e.target === canvas || e.target === $("marks")) { if (moved < 5) closePopup(); }
  });
  map.addEventListener("wheel", (e) => {
    if (!onChart(e)) return;
    e.preventDefault();
    const here = at(e);
    const lines = e.deltaMode === 1 ? 16 : e.deltaMode === 2 ? 200 : 1;
    zoomBy(Math.exp(clamp(-e.deltaY * lines * 0.0018, -0.7, 0.7)), here.x, here.y);
  }, { passive: false });
  map.addEventListener("dblclick", (e) => {
    if (!onChart(e)) return;
    const here = at(e);
    zoomBy(2, here.x, here.y);
  });
  function fine(value, size, signs) {
    const hundredths = Math.round(Math.abs(value) * 6000);
    const minutes = ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0");
    return String(Math.floor(hundredths / 6000)).padStart(size, "0") + "°" + minutes + "′" + signs[value < 0 ? 1 : 0];
  }
  function step(by) {
    if (!events.length) return;
    const i = state.event ? events.indexOf(state.event) : by > 0 ? -1 : 0;
    open(events[(i + by + events.length) % events.length], 0, true);
  }
  const KEYS = {
    ArrowLeft: () => { view.x -= 80 / view.k; }, ArrowRight: () => { view.x += 80 / view.k; },
    ArrowUp: () => { view.y += 80 / view.k; }, ArrowDown: () => { view.y -= 80 / view.k; },
    "+": () => zoomBy(1.5, width / 2, height / 2), "=": () => zoomBy(1.5, width / 2, height / 2),
    "-": () => zoomBy(1 / 1.5, width / 2, height / 2), 0: showAll,
    n: () => step(1), p: () => step(-1),
  };
  map.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("#popup, .legend")) return;
    const act = KEYS[e.key] || KEYS[e.key.toLowerCase()];
    if (!act) return;
    e.preventDefault();
    act();
    settle();
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    if (!popup.hidden) {
      if (popup.contains(document.activeElement)) map.focus();
      closePopup();
    } else if (state.rank) { choose(0, false); showAll(); }
  });
  $("close").addEventListener("click", () => { closePopup(); map.focus(); });
  $("in").addEventListener("click", () => zoomBy(1.6, width / 2, height / 2));
  $("out").addEventListener("click", () => zoomBy(1 / 1.6, width / 2, height / 2));
  $("all").addEventListener("click", () => { closePopup(); choose(0, false); showAll(); });

  // ---- Day and night, paper ----
  const root = document.documentElement;
  function theme(night) {
    root.classList.toggle("night", night);
    root.classList.toggle("day", !night);
    $("night").textContent = night ? $("night").dataset.day : $("night").dataset.night;
    colors = palette(NAMES);
    redraw();
  }
  $("night").addEventListener("click", () => theme(!root.classList.contains("night")));
  $("print").addEventListener("click", () => window.print());
  function paper() {
    const sheet = $("paper");
    const w = 1040;
    const h = 700;
    sheet.width = w * 2;
    sheet.height = h * 2;
    draw(sheet.getContext("2d"), w, h, fit(home, w, h, 40, 6000), DAY, 2);
  }
  window.addEventListener("beforeprint", () => {
    const rank = state.rank;
    state.rank = 0;
    paper();
    state.rank = rank;
    redraw();
  });

  // ---- Begin ----
  map.hidden = false;
  document.querySelector(".tools").hidden = false;
  let first = true;
  new ResizeObserver(() => {
    width = map.clientWidth || 1;
    height = map.clientHeight || 1;
    if (first) { first = false; showAll(); }
    settle();
  }).observe(map);
  document.querySelector(".legend").open = window.innerWidth > 1000;
  theme(window.matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.ready = "true";
})();
