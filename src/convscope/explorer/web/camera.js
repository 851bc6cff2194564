/** @typedef {import("./types.js").Picture} Picture */

// Pixels across a frame for a network that takes any size.
const ANY_SIZE = 224;
// Seconds over which the frame rate is taken.
const RATE_SPAN = 2;

/** The webcam: its frames at the network's size, one under way at a time. */
export class Camera {
  /**
   * @param {import("./scope.js").Scope} scope
   * @param {() => void} changed called when it starts, stops, or has shown a frame
   */
  constructor(scope, changed) {
    this.scope = scope;
    this.changed = changed;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {Picture | null} */
    this.picture = null;
    this.made = 0;
    /** @type {number[]} */
    this.times = [];
    scope.signal.addEventListener("abort", () => this.release());
  }

  get on() {
    return this.stream !== null;
  }

  /** Frames a second that were shown of late. */
  get rate() {
    const { times } = this;
    return times.length > 1 ? (1000 * (times.length - 1)) / (times[times.length - 1] - times[0]) : 0;
  }

  /** Switch it on, and look through it until it is switched off. */
  async start() {
    if (!navigator.mediaDevices) throw new Error("this browser gives no camera to this page: open it as localhost or 127.0.0.1, or over https");
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 640 } } }).catch((problem) => {
      throw new Error(cameraWords(problem));
    });
    this.release();
    this.stream = stream;
    this.times = [];
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    stream.getVideoTracks()[0]?.addEventListener("ended", () => this.stop());
    await video.play();
    this.changed();
    try {
      await this.follow(video, stream);
    } finally {
      if (this.stream === stream) this.stop();
    }
  }

  /**
   * @param {HTMLVideoElement} video
   * @param {MediaStream} stream
   */
  async follow(video, stream) {
    const { scope } = this;
    const canvas = document.createElement("canvas");
    let fresh = true;
    /** @type {(() => void) | null} */
    let arrived = null;
    const watch = () => {
      fresh = true;
      arrived?.();
      if (this.stream === stream) whenFrame(video, watch);
    };
    whenFrame(video, watch);
    while (this.stream === stream) {
      // A frame that was shown already is not sent again.
      if (!fresh) await new Promise((/** @type {(value?: any) => void} */ settle) => (arrived = settle));
      fresh = false;
      if (this.stream !== stream) return;
      const pixels = grabFrame(video, canvas, scope.network);
      if (!this.picture || !scope.pictures.includes(this.picture)) {
        this.picture = { name: `camera ${++this.made}`, kind: "camera", pixels, thumbnail: pixels };
        await scope.add(this.picture);
      } else {
        this.picture.pixels = pixels;
        this.picture.thumbnail = pixels;
        await scope.look(this.picture);
      }
      if (this.stream !== stream) return;
      const now = performance.now();
      this.times = [...this.times.filter((time) => now - time < 1000 * RATE_SPAN), now];
      this.changed();
    }
  }

  /** Switch it off; the last frame stays as a picture. */
  stop() {
    if (!this.on) return;
    this.release();
    this.picture = null;
    this.changed();
  }

  release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }
}

/**
 * @param {HTMLVideoElement} video
 * @param {() => void} then
 */
function whenFrame(video, then) {
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(then);
  else requestAnimationFrame(then);
}

/**
 * Bring the middle of a frame to the network's size.
 * @param {HTMLVideoElement} video
 * @param {HTMLCanvasElement} canvas
 * @param {import("./types.js").NetworkInfo} network
 * @returns {{data: Uint8Array, shape: [number, number, number]}}
 */
function grabFrame(video, canvas, network) {
  const [height, width] = network.size ?? [ANY_SIZE, ANY_SIZE];
  const colours = network.colours === 1 ? 1 : 3;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  pen.imageSmoothingQuality = "high";
  const part = Math.min(video.videoWidth / width, video.videoHeight / height);
  const wide = part * width;
  const tall = part * height;
  pen.drawImage(video, (video.videoWidth - wide) / 2, (video.videoHeight - tall) / 2, wide, tall, 0, 0, width, height);
  const { data } = pen.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(height * width * colours);
  for (let at = 0, to = 0; at < data.length; at += 4) {
    if (colours === 1) pixels[to++] = Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
    else {
      pixels[to++] = data[at];
      pixels[to++] = data[at + 1];
      pixels[to++] = data[at + 2];
    }
  }
  return { data: pixels, shape: [height, width, colours] };
}

/** @param {unknown} problem */
function cameraWords(problem) {
  const name = problem instanceof DOMException ? problem.name : "";
  if (name === "NotAllowedError") return "the camera was not allowed: allow it for this page in the browser, then press Camera again";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "no camera was found: connect one, or open a file instead";
  if (name === "NotReadableError") return "the camera is used by another program: close that, then press Camera again";
  return `the camera did not start: ${problem instanceof Error ? problem.message : String(problem)}`;
}
