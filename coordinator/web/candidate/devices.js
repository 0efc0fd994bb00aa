// Camera and microphone while they are used: the state of each, and how a lost one is opened again.

import { muteWithdrawn, openDevices, openOne, stopDevices } from "./media.js";

const KINDS = { video: "camera", audio: "microphone" };

export class Devices {
  stream = null;
  #onState;
  #onStream;
  #wanted = {};
  #withdrawn = [];
  #opening = false;
  #plugged = () => this.again().catch(() => {});

  /** `onState({ camera, microphone })` with "on", "silent" or "gone"; `onStream(stream)` after a track was replaced. */
  constructor({ onState, onStream }) {
    this.#onState = onState;
    this.#onStream = onStream;
  }

  /** Opens both. `wanted`: the session's constraints. Throws `DevicesRefused`. */
  async open(wanted) {
    const next = await openDevices(wanted);
    this.close();
    this.#wanted = wanted;
    this.stream = next;
    for (const track of next.getTracks()) this.#watch(track);
    this.mute(this.#withdrawn);
    navigator.mediaDevices.addEventListener("devicechange", this.#plugged);
    this.#tell();
  }

  /** Opens lost devices again and leaves the others as they are. Throws `DevicesRefused`. */
  async again() {
    if (this.#opening || !this.stream) return;
    this.#opening = true;
    try {
      for (const track of this.stream.getTracks().filter(gone)) await this.#replace(track);
    } finally {
      this.#opening = false;
    }
  }

  async #replace(former) {
    const track = await openOne(former.kind, this.#wanted);
    if (!this.stream) return track.stop();
    this.stream.removeTrack(former);
    this.stream.addTrack(track);
    this.#watch(track);
    this.mute(this.#withdrawn);
    this.#onStream(this.stream);
    this.#tell();
  }

  /** Sends nothing of what the candidate has withdrawn. */
  mute(withdrawn) {
    this.#withdrawn = withdrawn;
    muteWithdrawn(this.stream, withdrawn);
  }

  close() {
    navigator.mediaDevices?.removeEventListener("devicechange", this.#plugged);
    stopDevices(this.stream);
    this.stream = null;
  }

  #watch(track) {
    track.onended = track.onmute = track.onunmute = () => this.#tell();
  }

  #tell() {
    const state = {};
    for (const track of this.stream?.getTracks() ?? []) {
      state[KINDS[track.kind]] = gone(track) ? "gone" : track.muted ? "silent" : "on";
    }
    this.#onState(state);
  }
}

function gone(track) {
  return track.readyState === "ended";
}
