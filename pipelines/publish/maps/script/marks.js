/* Marks of events, ships, and where they find room. */
function dot(ctx, x, y, r, color) {
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.arc(x, y, r, 0, TAU);
  ctx.fill();
}
const boxAt = (x, y, r) => [x - r, y - r, x + r, y + r];
/* Write a text at the first of some spots beside a place at which it touches nothing, within a box if there
   is one; else nowhere. */
function nameAt(ctx, taken, text, x, y, spots, color, c, within = null) {
  const long = ctx.measureText(text).width;
  for (const [dx, dy, align] of spots) {
    const l = align === "left" ? x + dx : align === "right" ? x + dx - long : x + dx - long / 2;
    const box = [l - 3, y + dy - 8, l + long + 3, y + dy + 8];
    if (!free(taken, box) || (within && !holds(within, box))) continue;
    taken.push(box);
    if (Math.abs(dy) > 17) thread(ctx, x, y, x + dx, y + dy, c);
    label(ctx, text, x + dx, y + dy, color, c, align);
    return true;
  }
  return false;
}
const holds = (w, b) => w[0] <= b[0] && w[1] <= b[1] && b[2] <= w[2] && b[3] <= w[3];
const free = (taken, b) => !taken.some((t) => b[0] < t[2] && b[2] > t[0] && b[1] < t[3] && b[3] > t[1]);

// Marks stay on their place where they can; else beside it, on a line that leads back to it; else,
// and while another vessel is chosen, they shrink to a dot until the reader comes closer.
const RINGS = [[0, 1], [23, 8], [42, 14], [62, 20], [84, 26]];
// While a moment is shown, only what goes on then is more than a dot (see playback.js).
const muted = (e, s) => s.moment !== null || (s.rank && !e.ranks.includes(s.rank));
// What somebody has concluded on stands back, unless it is chosen
const over = (ranks, s) => ranks.every((rank) => s.closed.has(rank) && rank !== s.rank);
/* Tell whether any of a mark at a pixel would cover land: one that finds no room at its place goes over the sea. The
   land is painted once for a view, small, and looked up: to ask a path of a whole coast takes as long as to paint it. */
const GRAIN = 3;
const BADGE_R = 13;
const ACROSS = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((n) => n * GRAIN);
const BADGE = ACROSS.flatMap((dx) => ACROSS.map((dy) => [dx, dy])).filter(([dx, dy]) => Math.hypot(dx, dy) <= BADGE_R);
let lately = { of: "" };
function aground(v, w, h) {
  const of = [v.x, v.y, v.k, w, h].join();
  if (lately.of !== of) lately = { of, onLand: painter(v, w, h) };
  return lately.onLand;
}
function painter(v, w, h) {
  const [wide, high, k] = [Math.ceil(w / GRAIN) || 1, Math.ceil(h / GRAIN) || 1, v.k / GRAIN];
  let painted = null;
  const paint = () => {
    const ctx = Object.assign(document.createElement("canvas"), { width: wide, height: high }).getContext("2d", { willReadFrequently: true });
    ctx.setTransform(k, 0, 0, -k, w / 2 / GRAIN - v.x * k, h / 2 / GRAIN + v.y * k);
    ctx.fill(land, "evenodd");
    return ctx.getImageData(0, 0, wide, high).data;
  };
  return (sx, sy) => {
    painted ||= paint();
    return BADGE.some(([dx, dy]) => {
      const [i, j] = [Math.floor((sx + dx) / GRAIN), Math.floor((sy + dy) / GRAIN)];
      return i >= 0 && i < wide && j >= 0 && j < high && painted[4 * (j * wide + i) + 3] > 127;
    });
  };
}
/* What lies under the legend's button, the scale or the buttons that zoom (map.css), of a sheet that goes beyond the
   window by `pad`; and where no mark may go that stands beside its place. */
function buttons(w, h, pad) {
  const [ex, ey] = [(w * pad) / (1 + 2 * pad), (h * pad) / (1 + 2 * pad)];
  return [[ex, h - ey - 96, ex + 96, h - ey], [ex, h - ey - 50, ex + 200, h - ey], [w - ex - 60, ey, w - ex, ey + 134]];
}
function barred(v, w, h, pad) {
  const [onLand, under] = [aground(v, w, h), buttons(w, h, pad)];
  const r = BADGE_R;
  return (x, y) => under.some((b) => x > b[0] - r && x < b[2] + r && y > b[1] - r && y < b[3] + r) || onLand(x, y);
}
function layOut(w, h, X, Y, s, shown, onLand = () => false) {
  const partners = (e) => e.ranks.includes(s.rank);
  const order = [...shown].sort((a, b) =>
    partners(b) - partners(a) || (b === s.event) - (a === s.event) || b.main - a.main || a.ranks[0] - b.ranks[0]);
  const found = [];
  for (const e of order) {
    const x = X(e.x);
    const y = Y(e.y);
    if (x < -30 || y < -30 || x > w + 30 || y > h + 30) continue;
    const mark = { event: e, x, y, sx: x, sy: y, small: true };
    // So many rings: on a small map the outer ones lie across a country.
    const reach = muted(e, s) ? 0 : !e.main && !partners(e) ? 1 : Math.min(w, h) < 400 ? 2 : w < 900 ? 4 : 5;
    search: for (const [r, n] of RINGS.slice(0, reach)) {
      for (let i = 0; i < n; i += 1) {
        const sx = x + r * Math.cos((i / n) * TAU - Math.PI / 4);
        const sy = y + r * Math.sin((i / n) * TAU - Math.PI / 4);
        if (found.some((m) => !m.small && (m.sx - sx) ** 2 + (m.sy - sy) ** 2 < 24 ** 2)) continue;
        if (r && (onLand(sx, sy) || hidesLine(found, x, y, sx, sy))) continue;
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
const moved = (mark) => mark.sx !== mark.x || mark.sy !== mark.y;
/* How far a pixel is from a line between two others. */
function fromLine(px, py, ax, ay, bx, by) {
  const long = (bx - ax) ** 2 + (by - ay) ** 2;
  const f = long ? Math.min(Math.max(((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / long, 0), 1) : 0;
  return Math.hypot(px - ax - f * (bx - ax), py - ay - f * (by - ay));
}
/* Tell whether a mark that is moved would lie on another's line, or its own line under another mark: the eye would
   take it for where it stands. What lies on its very place can't be helped. */
function hidesLine(found, x, y, sx, sy) {
  return found.some((m) => !m.small && (
    (moved(m) && fromLine(sx, sy, m.x, m.y, m.sx, m.sy) < CLEAR) ||
    (Math.hypot(m.sx - x, m.sy - y) > CLEAR && fromLine(m.sx, m.sy, x, y, sx, sy) < CLEAR)));
}
const CLEAR = 13;
function leader(ctx, mark, c) {
  if (!moved(mark)) return;
  for (const [color, width] of [[c.halo, 3.6], [hueOf(mark, c), 1.6]]) {
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.moveTo(mark.x, mark.y);
    ctx.lineTo(mark.sx, mark.sy);
    ctx.stroke();
  }
  placeOf(ctx, mark, c, []);
}
/* Where a mark that is moved belongs: drawn over all marks, but for one that stands there itself. */
function placeOf(ctx, mark, c, marks) {
  if (!moved(mark) || marks.some((m) => !m.small && Math.hypot(m.sx - mark.x, m.sy - mark.y) < 10)) return;
  dot(ctx, mark.x, mark.y, 4, c.halo);
  dot(ctx, mark.x, mark.y, 2.6, hueOf(mark, c));
}
/* The colour and the outlines of a kind's mark. */
const markOf = (kind) => (Object.hasOwn(style.marks, kind) ? kind : "other");
const hueOf = (mark, c) => c["k-" + markOf(mark.event.kind)];
const outlines = new Map();
function outlineOf(kind) {
  const name = markOf(kind);
  if (!outlines.has(name)) {
    const { path, behind, around, ...facts } = style.marks[name];
    outlines.set(name, {
      ...facts, path: new Path2D(path), behind: behind && new Path2D(behind), around: around && new Path2D(around),
    });
  }
  return outlines.get(name);
}
/* Fill a path on a halo, and set the pen for its line. */
function outlined(ctx, path, width, color, fill, pale = "") {
  ctx.lineWidth = 3.6;
  ctx.stroke(path);
  ctx.fillStyle = fill;
  ctx.fill(path);
  if (pale) {
    const alpha = ctx.globalAlpha;
    ctx.globalAlpha = alpha * style.pale;
    ctx.fillStyle = pale;
    ctx.fill(path);
    ctx.globalAlpha = alpha;
  }
  ctx.lineWidth = width;
  ctx.strokeStyle = color;
}
function drawMark(ctx, mark, c, s) {
  const e = mark.event;
  const chosen = e === s.event;
  ctx.save();
  ctx.translate(mark.sx, mark.sy);
  ctx.globalAlpha = over(e.ranks, s) ? 0.4 : 1;
  if (mark.small) {
    if (muted(e, s)) ctx.globalAlpha *= 0.6;
    dot(ctx, 0, 0, 4.6, c.halo);
    dot(ctx, 0, 0, 3.4, hueOf(mark, c));
    ctx.restore();
    return;
  }
  const [m, hue] = [outlineOf(e.kind), hueOf(mark, c)];
  if (m.behind) { // the other one
    ctx.strokeStyle = c.halo;
    outlined(ctx, m.behind, 1.6, hue, c.paper);
    ctx.stroke(m.behind);
  }
  const solid = e.main !== chosen;
  const pale = solid && e.certainty === "low";
  const full = solid && !pale;
  ctx.strokeStyle = full && e.certainty === "high" ? c.ink : c.halo; // the surer, the heavier
  outlined(ctx, m.path, chosen ? 2.6 : 1.6, m.dash.length && full ? c.paper : hue, full ? hue : c.paper, pale ? hue : "");
  ctx.setLineDash(m.dash);
  ctx.stroke(m.path);
  ctx.setLineDash([]);
  if (m.around) {
    ctx.lineWidth = 1.2;
    ctx.stroke(m.around);
  }
  ctx.fillStyle = full ? c["on-magenta"] : pale ? c.ink : hue;
  ctx.font = "700 " + (numberOf(e.ranks[0]).length > 2 ? 9 : 10.5) + "px system-ui, sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(numberOf(e.ranks[0]), m.x, m.y);
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
    ctx.globalAlpha = (s.rank && !chosen) || over([v.rank], s) ? 0.4 : 1;
    ship(ctx, X(v.x), Y(v.y), v.heading_deg, c.paper, chosen ? c.magenta : c.track, chosen ? 2.2 : 1.5);
  }
  ctx.globalAlpha = 1;
}
/* Where a name may stand beside its ship; those of the first ranks may stand further off, on a thread. */
const NAMED = 3;
const SPOTS = [[11, 0, "left"], [-11, 0, "right"], [0, -17, "center"], [0, 17, "center"]];
const FAR_SPOTS = [30, 48, 66, 90, 120].flatMap((d) => [[d, -d, "left"], [-d, -d, "right"], [d, d, "left"], [-d, d, "right"], [0, -d, "center"], [0, d, "center"]]);
function thread(ctx, x, y, tx, ty, c) {
  ctx.strokeStyle = c.ink;
  ctx.lineWidth = 0.7;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(tx, ty);
  ctx.stroke();
}
function shipNames(ctx, w, h, c, X, Y, taken, s) {
  for (const v of vessels) if (!s.rank || v.rank === s.rank) taken.push(boxAt(X(v.x), Y(v.y), 6));
  taken.push([-FAR_OFF, 0, 4, h], [w - 44, 0, FAR_OFF, h]);
  const [ex, ey] = [(w * s.pad) / (1 + 2 * s.pad), (h * s.pad) / (1 + 2 * s.pad)];
  const seen = [ex, ey, w - ex, h - ey];
  const order = [...vessels].sort((a, b) => (b.rank === s.rank) - (a.rank === s.rank) || a.rank - b.rank);
  ctx.font = "600 11px system-ui, sans-serif";
  for (const v of order) {
    if ((s.rank && v.rank !== s.rank) || over([v.rank], s)) continue;
    const text = (numberOf(v.rank) + "  ").trimStart() + (v.name.length > 22 ? v.name.slice(0, 21) + "…" : v.name);
    const x = X(v.x);
    const y = Y(v.y);
    if (x < 0 || y < 0 || x > w || y > h) continue;
    const first = numberOf(v.rank) <= NAMED || v.rank === s.rank;
    const within = holds(seen, [x, y, x, y]) ? seen : null; // the sheet is wider than the window
    nameAt(ctx, taken, text, x, y, first ? [...SPOTS, ...FAR_SPOTS] : SPOTS, v.rank === s.rank ? c.magenta : c.ink, c, within);
  }
}
/* How far vessels that fell silent can have come since, at the pace that they made before: of the
   event that is chosen, else of what is chosen and silent at the moment that is shown. */
function reachOf(ctx, v, c, X, Y, s) {
  const goesOn = (e) => (s.moment ? e.begin_s <= s.moment.t && (e.end_s === null || s.moment.t <= e.end_s) : e.end_s === null);
  const silent = s.event ? [s.event] : events.filter((e) => s.rank && e.ranks.includes(s.rank) && goesOn(e));
  for (const e of silent) if (e.pace_kn) ringOf(ctx, v, c, X, Y, s, e);
}
/* No ship sails over land, nor is more known than the sheet shows; and what has gone further than `far_nm` can be
   anywhere, as its sentence says. */
function ringOf(ctx, v, c, X, Y, s, e) {
  const span = data.end_s - data.start_s;
  const until = Math.min(e.end_s === null ? span : e.end_s, s.moment ? s.moment.t : span);
  const miles = (e.pace_kn * Math.max(until - e.begin_s, 0)) / 3600;
  if (miles >= style.far_nm) return;
  const r = ((miles / 60) * v.k) / Math.cos(latitude(e.y + y0) * RAD);
  const { a: ratio } = ctx.getTransform();
  const [x, y, w, h] = [X(e.x), Y(e.y), ctx.canvas.width / ratio, ctx.canvas.height / ratio];
  if (Math.hypot(Math.max(x, w - x), Math.max(y, h - y)) < r) return; // a sheet all of one colour shows no reach
  ctx.save();
  ctx.setTransform(ratio * v.k, 0, 0, -ratio * v.k, ratio * X(0), ratio * Y(0));
  ctx.clip(openSea, "evenodd");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.beginPath();
  ctx.arc(x, y, r, 0, TAU);
  ctx.fillStyle = ctx.strokeStyle = c.magenta;
  ctx.globalAlpha = 0.07;
  ctx.fill();
  ctx.globalAlpha = 0.8;
  ctx.lineWidth = 1.2;
  ctx.setLineDash([4, 4]);
  ctx.stroke();
  ctx.restore();
}
