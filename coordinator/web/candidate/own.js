// "What is stored about me": counts by kind, and the candidate's request to have it deleted.

import { askForDeletion, ownData } from "./api.js";
import { $, confirmDeletion, setError, whileBusy } from "./view.js";

const KINDS = {
  accommodations: "Adjustments agreed for you",
  alerts: "Notes about what stood out in your exams",
  changes: "Changes of the rules of your exams",
  consents: "Records of what you agreed to",
  deliveries: "Messages about you to your institution's own systems",
  devices: "Devices on which you opened an exam",
  features: "Logged minutes of measurements, to which you agreed",
  faces: "Face templates, and records of your enrollment",
  incidents: "Groups of notes for a reviewer",
  links: "Links to your exams",
  names: "Corrected identifiers",
  pictures: "Small still pictures from your exams",
  reviews: "Decisions and comments of reviewers",
  sessions: "Exams that you sat or sit here",
};

const REFUSALS = {
  "legal-obligation": "the law obliges it to keep them",
  "legal-claims": "they are needed for a legal claim",
  "public-interest": "keeping them is in the public interest",
  "not-identified": "it is not certain that it was you who asked",
};

/** Lets the page show what is stored about whoever sits the exam, each time that part is opened. */
export function offerOwnData(sessionOf) {
  $("own-data").addEventListener("toggle", () => $("own-data").open && show(sessionOf()));
  $("own-delete").addEventListener("click", () => whileBusy($("own-delete"), () => askFor(sessionOf())));
}

async function show(session) {
  setError("own-error", "");
  try {
    draw(await ownData(session));
  } catch (error) {
    setError("own-error", error.message || "What is stored could not be read. Close this part and open it again.");
  }
}

async function askFor(session) {
  setError("own-error", "");
  if (!(await confirmDeletion())) return $("own-delete").focus();
  try {
    await askForDeletion(session);
    draw(await ownData(session));
  } catch (error) {
    setError("own-error", error.message || "Your request could not be sent. Please try again.");
  }
  // The button is gone once the request waits; the focus goes where the page says so.
  ($("own-delete").hidden ? $("own-data").querySelector("summary") : $("own-delete")).focus();
}

function draw({ candidate_id: name, stored, requests }) {
  const kinds = Object.entries(stored);
  $("own-state").textContent = `Stored here about you, under the name ${name} of your institution:`;
  $("own-list").replaceChildren(
    ...kinds.map(([kind, count]) => {
      const text = `${KINDS[kind] ?? kind.replaceAll("-", " ")}: ${count}`;
      return Object.assign(document.createElement("li"), { textContent: text });
    }),
  );
  const last = requests.at(-1);
  $("own-request").textContent = last ? described(last) : "You have not asked to have your data deleted.";
  $("own-delete").hidden = last?.state === "waiting";
}

function described({ state, asked_at: asked, decided_at: decided, refusal }) {
  const day = (at) => new Date(at).toLocaleDateString(undefined, { dateStyle: "long" });
  if (state === "waiting")
    return `You asked on ${day(asked)} to have your data deleted. Somebody at your institution decides; until then ` +
      "nothing changes.";
  if (state === "refused")
    return `You asked on ${day(asked)} to have your data deleted. Your institution refused on ${day(decided)}, because ` +
      `${REFUSALS[refusal] ?? "of a reason that it tells you"}. You may ask it why, and complain to the data ` +
      "protection authority.";
  return `Your data was deleted on ${day(decided)}.`;
}
