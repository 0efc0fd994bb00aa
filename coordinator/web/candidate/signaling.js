// One WebRTC connection to the edge node: offer, answer and candidates over its signaling socket.

const PROTOCOL = "proctor.v1";
// The limit for each step of connecting. On a slow uplink, all steps together may take several times as long.
const STEP_MS = 10_000;
// The id of this window while it is open, so that the node can tell a second window from a reconnection.
const TAB = crypto.randomUUID();
const LIMITS = { maxBitrate: 400_000, maxFramerate: 15 };
// A broken socket says nothing about the media, which use another connection.
const SOCKET_BROKE = 1006;
// Not 1000, which would tell the node that the candidate has left.
const CONNECT_AGAIN = 4000;

/**
 * Connects; resolves when media flow, rejects with an Error with the socket's close code as `code`.
 *
 * The connection is `{ closed, counts(kind), replace(stream), again(), leave() }`: `closed` settles with the close code
 * when the node or the peer connection is gone, `counts(kind)` returns how much "video" or "audio" was `sent` and
 * `received` so far, and the round-trip time (`rtt_s`), `again()` closes it so that a new one is made, `leave()` tells
 * the node that the candidate is leaving.
 */
export async function connect({ url, token, stream, iceServers, onNotice }) {
  const peer = new RTCPeerConnection({ iceServers });
  const socket = new WebSocket(url, [PROTOCOL, `bearer.${token}`, `tab.${TAB}`]);
  const connected = Promise.withResolvers();
  const closed = Promise.withResolvers();
  connected.promise.catch(() => {}); // it may fail before anyone waits for it
  const drop = (code) => {
    if (socket.readyState <= WebSocket.OPEN) socket.close(code >= 4000 ? CONNECT_AGAIN : code);
    peer.close();
    closed.resolve(code);
    connected.reject(Object.assign(new Error("the connection was not made"), { code }));
  };
  const again = () => drop(CONNECT_AGAIN);
  let timer = setTimeout(again, STEP_MS);
  const step = () => {
    clearTimeout(timer);
    timer = setTimeout(again, STEP_MS);
  };
  socket.onclose = ({ code }) => {
    if (code !== SOCKET_BROKE || peer.connectionState !== "connected") return drop(code);
    // The node cannot say any more that it wants all pictures again.
    limitFrames(peer, LIMITS.maxFramerate).catch(() => {});
  };
  socket.onmessage = ({ data }) => {
    step();
    receive(peer, JSON.parse(data), onNotice).catch(again);
  };
  peer.oniceconnectionstatechange = step;
  peer.onconnectionstatechange = () => {
    step();
    if (peer.connectionState === "connected") connected.resolve();
    if (peer.connectionState === "failed") again();
  };
  socket.onopen = () => {
    step();
    offer(peer, socket, stream).catch(again);
  };
  await connected.promise.finally(() => {
    socket.onmessage = ({ data }) => receive(peer, JSON.parse(data), onNotice).catch(again);
    peer.oniceconnectionstatechange = null;
    peer.onconnectionstatechange = () => peer.connectionState === "failed" && again();
    clearTimeout(timer);
  });
  return {
    closed: closed.promise,
    counts: (kind) => counts(peer, kind),
    replace: (next) => replace(peer, next).then(() => showCamera(socket, next)),
    again,
    leave: () => {
      send(socket, { type: "bye" });
      drop(1000);
    },
  };
}

async function offer(peer, socket, stream) {
  for (const track of stream.getTracks()) {
    const encodings = track.kind === "video" ? [LIMITS] : [{}];
    peer.addTransceiver(track, { direction: "sendonly", streams: [stream], sendEncodings: encodings });
  }
  await peer.setLocalDescription();
  send(socket, { type: "offer", sdp: peer.localDescription.sdp });
  showCamera(socket, stream);
  // Only from here on: the node accepts no candidate before the offer; earlier ones are in the offer itself.
  peer.onicecandidate = ({ candidate }) => send(socket, { type: "candidate", candidate: candidate?.toJSON() ?? null });
}

// The node compares the label with programs that act as a camera. A name proves nothing, so people judge it.
function showCamera(socket, stream) {
  const [track] = stream.getVideoTracks();
  if (!track) return;
  const { width, height, frameRate, displaySurface } = track.getSettings();
  send(socket, { type: "camera", label: track.label.slice(0, 200), width, height, frameRate, displaySurface });
}

async function receive(peer, message, onNotice) {
  if (message.type === "answer") await peer.setRemoteDescription({ type: "answer", sdp: message.sdp });
  else if (message.type === "notice") onNotice(message);
  else if (message.type === "rate") await limitFrames(peer, message.frames_per_second).catch(() => {});
}

// An overloaded node asks for fewer pictures before it looks less often. A browser that cannot do it goes on as before.
async function limitFrames(peer, framesPerSecond) {
  if (!(framesPerSecond > 0)) return;
  const sender = peer.getSenders().find(({ track }) => track?.kind === "video");
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) {
    encoding.maxFramerate = Math.min(LIMITS.maxFramerate, framesPerSecond);
  }
  await sender.setParameters(parameters);
}

async function replace(peer, stream) {
  for (const sender of peer.getSenders()) {
    const track = stream.getTracks().find(({ kind }) => kind === sender.track?.kind);
    if (track) await sender.replaceTrack(track);
  }
}

async function counts(peer, kind) {
  const total = { sent: 0, received: 0, rtt_s: 0 };
  for (const report of (await peer.getStats()).values()) {
    if (report.type === "outbound-rtp" && report.kind === kind) total.sent += report.packetsSent;
    if (report.type !== "candidate-pair") continue;
    total.received += report.bytesReceived + report.responsesReceived;
    total.rtt_s = Math.max(total.rtt_s, report.currentRoundTripTime ?? 0);
  }
  return total;
}

function send(socket, message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}
