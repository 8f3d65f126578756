/* The drawing: `v` is the view (its middle and pixels per degree), `c` the
   colours, `s` what is chosen, whether a moment is being shown, and how far the sheet goes beyond the window
   (`pad`, as a part of the window). */
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
    groundOf(ctx, c, unit);
    regionsOf(ctx, c, unit, s);
    waysOf(ctx, c, unit);
  });
  graticule(ctx, w, h, v, c, X, Y);
  arrows(ctx, v, c, X, Y);
  const listed = events.filter((e) => !s.shown || e === s.event || e.ranks.some((rank) => rank === s.rank || s.shown.has(rank)));
  const marks = layOut(w, h, X, Y, s, listed, barred(v, w, h, s.pad));
  // No name is cut by the edge of the window or of the ground, nor runs into the degrees at its right
  const [ex, ey] = [(w * s.pad) / (1 + 2 * s.pad), (h * s.pad) / (1 + 2 * s.pad)];
  const taken = [[ex - 1, 0, ex, h], [w - ex - 46, 0, w - ex, h], [0, ey - 1, w, ey + 18], [0, h - ey, w, h - ey + 1]];
  taken.push([-FAR_OFF, 0, sheet[0], h], [sheet[0] + sheet[2], 0, FAR_OFF, h]);
  taken.push(...buttons(w, h, s.pad));
  for (const m of marks) taken.push(boxAt(m.sx, m.sy, m.small ? 5 : 12));
  for (const p of pointsShown(s)) taken.push(boxAt(X(p.x), Y(p.y), 8));
  stateNames(ctx, w, v, c, X, Y, taken);
  if (!s.moment) reachOf(ctx, v, c, X, Y, s);
  tracksOf(ctx, c, X, Y, s);
  pointsOf(ctx, c, X, Y, s);
  if (!s.moment) ships(ctx, c, X, Y, s);
  for (const mark of marks) leader(ctx, mark, c);
  for (const small of [true, false])
    for (const mark of [...marks].reverse()) if (mark.small === small) drawMark(ctx, mark, c, s);
  for (const mark of marks) placeOf(ctx, mark, c, marks);
  // Who is named first finds room first: ranks 1 to 3, then the other ships, bases, hours, zones, places.
  if (!s.moment) shipNames(ctx, w, h, c, X, Y, taken, s);
  pointNames(ctx, c, X, Y, taken, s);
  hours(ctx, c, X, Y, taken, s);
  const said = zoneNames(ctx, w, h, v, c, X, Y, taken);
  for (const p of pointsShown(s)) if (p.symbol === "base") said.add(p.text);
  placeNames(ctx, w, h, c, X, Y, taken, said);
  ctx.restore();
  ctx.strokeStyle = c["grid-ink"];
  ctx.lineWidth = 1;
  ctx.strokeRect(...sheet);
  return marks;
}
const FAR_OFF = 1e6;
/* What stays at the edges of the window: degrees and scale. */
function furnish(ctx, w, h, v, c, ratio) {
  const [X, Y] = onSheet(v, w, h);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, w, h);
  ctx.lineJoin = "round";
  degrees(ctx, w, h, v, c, X, Y);
  scaleBar(ctx, w, h, v, c);
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
    ctx.globalAlpha = s.moment ? 0.25 : level ? 1 : s.rank || s.event ? 0.12 : over([t.rank], s) ? 0.25 : 0.6;
    ctx.beginPath();
    for (const piece of t.pieces) piece.forEach((p, i) => (i ? ctx.lineTo(X(p.x), Y(p.y)) : ctx.moveTo(X(p.x), Y(p.y))));
    ctx.stroke();
    ctx.setLineDash(style.looks.silence.dash);
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
const HOUR_SPOTS = [[7, 0, "left"], [-7, 0, "right"]];
function hours(ctx, c, X, Y, taken, s) {
  const chosen = mmsiOf.get(s.rank);
  for (const t of tracks) {
    if (t.mmsi !== chosen) continue;
    ctx.font = "11px system-ui, sans-serif";
    for (const one of fullHours(t)) {
      const [x, y] = [X(one.x), Y(one.y)];
      if (!free(taken, boxAt(x, y, 3))) continue;
      dot(ctx, x, y, 2.4, c.magenta);
      taken.push(boxAt(x, y, 3));
      nameAt(ctx, taken, one.text, x, y, HOUR_SPOTS, c.magenta, c);
    }
  }
}
const AT_REST = 0.008; // degrees in an hour, half a knot: a boat on its anchor or made fast
/* Full hours along a track: of those that a vessel lay at one place the last, after which it left. */
function fullHours(t) {
  const marks = [];
  const clock = (p) => (p.t + data.start_s) / 60 + MYT_MINUTES;
  for (const piece of t.pieces) {
    for (let i = 1; i < piece.length; i += 1) {
      const [a, b] = [piece[i - 1], piece[i]];
      for (let hour = Math.ceil((clock(a) + 0.001) / 60); hour * 60 <= clock(b); hour += 1) {
        const f = (hour * 60 - clock(a)) / (clock(b) - clock(a));
        const text = String(hour % 24).padStart(2, "0") + "00";
        marks.push({ x: a.x + f * (b.x - a.x), y: a.y + f * (b.y - a.y), text });
      }
    }
  }
  const stays = (one, next) => next && Math.hypot(next.x - one.x, next.y - one.y) < AT_REST;
  return marks.filter((one, i) => !stays(one, marks[i + 1]));
}
