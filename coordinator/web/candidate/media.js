// Requests camera and microphone, and explains in plain words why they are not available.

const VIDEO = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15, max: 15 } };
// Noise suppression and gain control would erase a second voice: the browser's defaults are not suitable here.
const AUDIO = { channelCount: { ideal: 1 }, echoCancellation: true, noiseSuppression: false, autoGainControl: false };
const HEARD_PEAK = 0.05;
const LISTEN_EVERY_MS = 100;
// At least the time between two reads at any usual sample rate, so that no word is missed.
const LISTEN_SAMPLES = 8192;

const REASONS = {
  NotAllowedError:
    "The browser is not allowed to use your camera and microphone. Choose the camera or lock symbol beside the " +
    "address, allow both, and try again.",
  NotFoundError: "No camera or no microphone was found. Connect both and try again.",
  NotReadableError:
    "Another program seems to be using your camera or microphone. Close other video calls and try again.",
  OverconstrainedError: "Your camera does not give a picture that this exam can use. Try another camera.",
  Unsupported:
    "This browser cannot share a camera here. Use a current Firefox, Chrome, Edge or Safari, and open the link you " +
    "were sent unchanged.",
};

// The same for staff, in one word that names no device (`CameraTrouble`).
const TROUBLES = {
  NotAllowedError: "refused",
  NotFoundError: "missing",
  NotReadableError: "busy",
  OverconstrainedError: "unusable",
  Unsupported: "unsupported",
};

/** Camera or microphone is not available; the message says why and what to do, `trouble` why in one word. */
export class DevicesRefused extends Error {
  constructor(name) {
    super(REASONS[name] ?? "Camera and microphone could not be turned on. Please try again.");
    this.name = name;
    this.trouble = TROUBLES[name] ?? "failed";
  }
}

/** Opens both devices. `wanted` are the session's constraints; other settings have this page's defaults. */
export async function openDevices(wanted = {}) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DevicesRefused("Unsupported");
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { ...VIDEO, ...wanted.video_constraints },
      audio: { ...AUDIO, ...wanted.audio_constraints },
    });
  } catch (error) {
    throw new DevicesRefused(error.name);
  }
}

/** Opens only one of them again ("video" or "audio") after it was lost. */
export async function openOne(kind, wanted = {}) {
  const own = kind === "video" ? { ...VIDEO, ...wanted.video_constraints } : { ...AUDIO, ...wanted.audio_constraints };
  try {
    return (await navigator.mediaDevices.getUserMedia({ [kind]: own })).getTracks()[0];
  } catch (error) {
    throw new DevicesRefused(error.name);
  }
}

export function stopDevices(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Sends no picture or no sound for what the candidate has withdrawn; the connection itself goes on. */
export function muteWithdrawn(stream, withdrawn) {
  for (const track of stream?.getVideoTracks() ?? []) track.enabled = !withdrawn.includes("camera-monitoring");
  for (const track of stream?.getAudioTracks() ?? []) track.enabled = !withdrawn.includes("speech-detection");
}

/** Size and rate of the picture in readable form. */
export function describePicture(stream) {
  const { width, height, frameRate } = stream.getVideoTracks()[0].getSettings();
  const rate = frameRate ? `, ${Math.round(frameRate)} pictures per second` : "";
  return width && height ? `is on (${width} × ${height}${rate}).` : "is on.";
}

/**
 * Watches the microphone until stopped: `onLevel(level, heard)` with 0…1 and whether anything was ever heard.
 * Returns the function that stops it.
 */
export function watchLevel(stream, onLevel) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: LISTEN_SAMPLES });
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let heard = false;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    heard ||= peak > HEARD_PEAK;
    onLevel(Math.min(1, peak), heard);
  }, LISTEN_EVERY_MS);
  return () => {
    clearInterval(timer);
    context.close();
  };
}
