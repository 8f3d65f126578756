/* The patrol plan, where there is one: risk sectors, where vessels may be, ways, tasks, bases. */
const SECTOR = "#c98200";

function planOf(ctx, c, X, Y) {
  if (!data.plan) return;
  const place = ([lon, lat]) => [X(px(lon - data.lon0)), Y(py(lat))];
  const line = (list) => {
    ctx.beginPath();
    list.forEach((p, i) => (i ? ctx.lineTo(...place(p)) : ctx.moveTo(...place(p))));
  };
  ctx.save();
  for (const s of data.plan.sectors) {
    line([[s.west, s.south], [s.east, s.south], [s.east, s.north], [s.west, s.north], [s.west, s.south]]);
    ctx.fillStyle = ctx.strokeStyle = SECTOR;
    ctx.globalAlpha = 0.1;
    ctx.fill();
    ctx.globalAlpha = 0.8;
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 3]);
    ctx.stroke();
  }
  for (const sortie of data.plan.sorties) {
    ctx.fillStyle = ctx.strokeStyle = sortie.colour;
    for (const stop of sortie.stops) {
      if (stop.region) {
        line(stop.region);
        ctx.globalAlpha = 0.1;
        ctx.fill();
        ctx.globalAlpha = 0.7;
        ctx.lineWidth = 1;
        ctx.setLineDash([2, 3]);
        ctx.stroke();
      }
      line(stop.route);
      ctx.globalAlpha = 1;
      ctx.lineWidth = 2.4;
      ctx.setLineDash(sortie.later ? [7, 4] : []);
      ctx.stroke();
    }
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
  ctx.font = "700 11px system-ui, sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const sortie of data.plan.sorties)
    sortie.stops.forEach((stop, i) => {
      if (stop.task === "return") return;
      const [x, y] = place(stop.at);
      ctx.fillStyle = sortie.colour;
      ctx.beginPath();
      if (stop.task === "boarding") ctx.arc(x, y, 9, 0, TAU);
      else ctx.rect(x - 8, y - 8, 16, 16);
      ctx.fill();
      ctx.fillStyle = "#fff";
      ctx.fillText(String(i + 1), x, y);
    });
  ctx.fillStyle = c.ink;
  ctx.strokeStyle = c.halo;
  ctx.textAlign = "left";
  ctx.lineWidth = 3;
  for (const base of data.plan.bases) {
    const [x, y] = place(base.at);
    ctx.beginPath();
    ctx.moveTo(x, y - 7); ctx.lineTo(x + 6, y + 5); ctx.lineTo(x - 6, y + 5);
    ctx.fill();
    ctx.strokeText(base.name, x + 10, y);
    ctx.fillText(base.name, x + 10, y);
  }
  ctx.restore();
}
