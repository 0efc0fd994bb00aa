// The coordinator's REST API for one bearer. The token is kept only in this object.

const ROOT = new URL("../api/v1/", import.meta.url);
const PATIENCE_MS = 15_000;
const MOST_UNSURE = 20;

/** A refused or failed request. `code` is the coordinator's error code, or `offline` without an answer. */
export class Problem extends Error {
  constructor(code, message, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The text for a failure. One that is not from the coordinator is an error of this page, and is logged. */
export function messageOf(error) {
  if (error instanceof Problem) return error.message;
  reportError(error);
  return "Something went wrong in this page; reload it.";
}

export class Api {
  #token;
  #onExpired;
  #unsure = new Map(); // acts without an answer, with their idempotency keys

  /** `onExpired` is called when the token is no longer accepted. */
  constructor(token, onExpired = () => {}) {
    this.#token = token;
    this.#onExpired = onExpired;
  }

  /** Whose the token is: `{ subject, role, expires_at }`. */
  bearer() {
    return this.#ask(new URL("bearer", import.meta.url), { method: "GET" });
  }

  get(path, params = {}) {
    const url = new URL(path, ROOT);
    for (const [name, value] of Object.entries(params)) {
      for (const one of [value].flat()) if (one !== "" && one !== null) url.searchParams.append(name, one);
    }
    return this.#ask(url, { method: "GET" });
  }

  /**
   * With `once`, sending the same again without an answer is safe: it is sent with the same key, and the
   * coordinator does nothing twice.
   */
  async post(path, body = {}, { once = false } = {}) {
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    if (!once) return this.#ask(new URL(path, ROOT), request);
    const deed = `${path} ${request.body}`;
    const key = this.#unsure.get(deed) ?? crypto.randomUUID();
    request.headers["Idempotency-Key"] = key;
    this.#unsure.delete(deed);
    try {
      return await this.#ask(new URL(path, ROOT), request);
    } catch (problem) {
      if (problem.code === "offline") this.#remember(deed, key);
      throw problem;
    }
  }

  #remember(deed, key) {
    this.#unsure.set(deed, key);
    if (this.#unsure.size > MOST_UNSURE) this.#unsure.delete(this.#unsure.keys().next().value);
  }

  /** A live socket of this bearer. A browser cannot set its headers, so the token is a subprotocol. */
  socket(path) {
    const url = new URL(`../${path}`, import.meta.url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url, ["proctor.v1", `bearer.${this.#token}`]);
  }

  /** The bytes of an answer, for saving: a report, a bundle. */
  async file(path) {
    const response = await this.#answer(new URL(path, ROOT), { method: "GET" });
    return response.blob();
  }

  async #ask(url, request) {
    const response = await this.#answer(url, request);
    return response.json();
  }

  async #answer(url, { headers = {}, ...request }) {
    let response;
    try {
      response = await fetch(url, {
        ...request,
        headers: { ...headers, Authorization: `Bearer ${this.#token}` },
        credentials: "omit",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch {
      throw new Problem("offline", "The coordinator does not answer.");
    }
    if (response.ok) return response;
    const content = await response.json().catch(() => ({}));
    const problem = new Problem(content.code ?? "refused", content.detail ?? "The request was refused.", response.status);
    if (response.status === 401) this.#onExpired(problem);
    throw problem;
  }
}

/** The path of a session; its id is the institution's and may contain any character. */
export function sessionPath(id, rest = "") {
  return `session/${encodeURIComponent(id)}${rest}`;
}
