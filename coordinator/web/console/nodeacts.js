// An operator's acts on a node: shows the dialog, sends the act, reports the result.

import { messageOf } from "./api.js";
import { $, say, whileBusy } from "./dom.js";

const MOST_REASON = 200;
const ACTS = {
  cordon: { title: "Cordon", help: "It gets no new sessions; those that it has stay.", done: "It gets no new sessions." },
  uncordon: { title: "Open again", help: "It gets new sessions again.", done: "It gets new sessions again." },
  drain: {
    title: "Drain",
    help:
      "It gets no new sessions, and those whose exam has not begun move to other nodes. Running exams go on until " +
      "they end, unless you have them moved.",
    move: "Move running exams to other nodes now; each is unwatched for some seconds",
    done: "It gets no new sessions, until it is opened again.",
  },
};
const OF = { open: ["cordon", "drain"], cordoned: ["uncordon", "drain"], draining: ["uncordon", "drain"] };

/** The acts that a node's placement allows, with the words of their buttons; none for one that was revoked. */
export function actsOn({ placement, state }) {
  return state === "revoked" ? [] : (OF[placement] ?? []).map((act) => ({ act, title: ACTS[act].title }));
}

/** Asks for the act's reason, sends it, and calls `done` when the coordinator has done it. */
export function askNode(app, act, node, done) {
  const { title, help, move = null } = ACTS[act];
  $("act-title").textContent = `${title}: ${node.title}`;
  $("act-help").textContent = help;
  $("act-label").textContent = "Reason, shown to whoever looks at the node (may be empty)";
  $("act-send").textContent = title;
  $("act-send").classList.remove("grave");
  $("act-minutes-row").hidden = true;
  $("act-sure-row").hidden = move === null;
  $("act-sure-text").textContent = move ?? "";
  $("act-form").reset();
  $("act-error").textContent = "";
  $("act-form").onsubmit = (event) => {
    event.preventDefault();
    whileBusy($("act-send"), () => perform(app, act, node, done));
  };
  $("act-cancel").onclick = () => $("act").close();
  $("act").showModal();
  $("act-text").focus();
}

async function perform(app, act, node, done) {
  const reason = $("act-text").value.trim();
  if (reason.length > MOST_REASON) {
    $("act-error").textContent = `Give a reason of at most ${MOST_REASON} characters.`;
    return $("act-text").focus();
  }
  const moves = act === "drain" && $("act-sure").checked;
  const body = { ...(reason && { reason }), ...(moves && { move_running: true }) };
  try {
    await app.api.post(`nodes/${node.id}/${act}`, body);
    $("act").close();
    say(moves ? `${ACTS[act].done} Its running exams move now.` : ACTS[act].done);
    done();
  } catch (problem) {
    $("act-error").textContent = messageOf(problem);
  }
}
