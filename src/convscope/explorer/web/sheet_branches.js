/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */

/**
 * Where the edges run on the screen: `anchor` is where a group stands, `level` the height of a lane
 * above a row, `ends` where a row begins and ends.
 * @typedef {{step: number, ends: number[], anchor: (place: number) => number, level: (row: number, lane?: number) => number}} Tracks
 */

/**
 * The edges of the network above their groups, as a log of commits draws branches.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 */
export function paintLanes(pen, scene) {
  const { lanes } = scene;
  if (!lanes.main.some(Boolean) && !lanes.jumps.length) return;
  const tracks = tracksOf(scene);
  pen.lineWidth = Math.max(0.75, Math.min(2.25, tracks.step * 0.22));
  pen.lineJoin = "round";
  paintTrunk(pen, scene, tracks);
  for (const jump of lanes.jumps) paintJump(pen, scene, tracks, jump);
  paintStops(pen, scene, tracks);
}

/**
 * @param {SheetScene} scene
 * @returns {Tracks}
 */
function tracksOf(scene) {
  const { groups, rows, measures, wide } = scene.layout;
  const { zoom } = scene.camera;
  const step = measures.lane * zoom;
  return {
    step,
    ends: [scene.screenX(0) + 3, scene.screenX(wide) - 3],
    anchor: (place) => scene.screenX(groups[place].x) + Math.min(5, 4 * zoom * measures.scale + 1),
    level: (row, lane = -1) => scene.screenY(rows[row].bars - 2 - measures.lane * 0.75) - (lane + 1) * step,
  };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Tracks} tracks
 */
function paintTrunk(pen, scene, { ends, anchor, level }) {
  const { groups } = scene.layout;
  pen.strokeStyle = scene.inks.trunk;
  pen.beginPath();
  scene.lanes.main.forEach((reads, place) => {
    if (!reads) return;
    const [from, to] = [groups[place].row, groups[place + 1].row];
    pen.moveTo(anchor(place), level(from));
    pen.lineTo(from === to ? anchor(place + 1) : ends[1], level(from));
    if (from === to) return;
    pen.moveTo(ends[0], level(to));
    pen.lineTo(anchor(place + 1), level(to));
  });
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Tracks} tracks
 * @param {import("./lanes.js").Jump} jump
 */
function paintJump(pen, scene, tracks, { from, to, lane }) {
  const { groups } = scene.layout;
  const last = to[to.length - 1];
  pen.strokeStyle = scene.inks.lanes[lane % scene.inks.lanes.length];
  pen.beginPath();
  for (const target of to) {
    // The edge to the last group passes those before it: what they add is where it comes down.
    const first = target === last ? groups[from].row : groups[target].row;
    for (let row = first; row <= groups[target].row; row++) {
      jumpAlong(pen, tracks, { row, lane, whole: target === last, from: row === groups[from].row ? from : null, to: row === groups[target].row ? target : null });
    }
  }
  pen.stroke();
}

/**
 * The part of an edge in one row of groups.
 * @param {CanvasRenderingContext2D} pen
 * @param {Tracks} tracks
 * @param {{row: number, lane: number, whole: boolean, from: number | null, to: number | null}} part `whole` where it is drawn from its start, `from` and `to` the groups where it leaves and comes back in this row
 */
function jumpAlong(pen, { step, ends, anchor, level }, { row, lane, whole, from, to }) {
  const start = from === null ? ends[0] : anchor(from) + 1;
  const end = to === null ? ends[1] : anchor(to) - 1;
  const y = level(row, lane);
  const corner = Math.min(step * (lane + 1), 7, Math.abs(end - start) / 2);
  if (from !== null && whole) {
    pen.moveTo(start, level(row));
    pen.arcTo(start, y, start + corner, y, corner);
  } else pen.moveTo(whole ? start : end - corner, y);
  if (to === null) {
    pen.lineTo(end, y);
    return;
  }
  pen.arcTo(end, y, end, level(row), corner);
  pen.lineTo(end, level(row));
}

/**
 * A dot for every group.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Tracks} tracks
 */
function paintStops(pen, scene, { step, anchor, level }) {
  const radius = Math.max(1, Math.min(3.2, step * 0.36));
  if (radius < 1.2) return;
  pen.fillStyle = scene.inks.trunk;
  scene.layout.groups.forEach((group, place) => {
    const x = anchor(place);
    const y = level(group.row);
    if (x < -9 || x > scene.width + 9 || y < -9 || y > scene.height + 9) return;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.fill();
  });
}
