// The key pair by which a session recognises this device. No script or person can read the private key.

const DATABASE = "proctor";
const STORE = "devices";
const KIND = { name: "ECDSA", namedCurve: "P-256" };

// Used where the browser stores nothing, as in some private windows. After a reload, staff must approve again.
const unkept = new Map();

/**
 * This device's key for a session: `{ key, sign(challenge) }`, with the public half as text. Null if it has none yet
 * and `make` is not set.
 */
export async function deviceFor(sessionUuid, { make = false } = {}) {
  let pair = await read(sessionUuid);
  if (!pair && !make) return null;
  if (!pair) {
    pair = await crypto.subtle.generateKey(KIND, false, ["sign", "verify"]);
    await write(sessionUuid, pair);
  }
  return {
    key: base64url(await crypto.subtle.exportKey("spki", pair.publicKey)),
    async sign(challenge) {
      const statement = new TextEncoder().encode(`proctor-join\n${sessionUuid}\n${challenge}`);
      return base64url(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, statement));
    },
  };
}

/** The session is over, or continues on another device. */
export async function forgetDevice(sessionUuid) {
  unkept.delete(sessionUuid);
  await inStore("readwrite", (store) => store.delete(sessionUuid)).catch(() => {});
}

async function read(sessionUuid) {
  const kept = await inStore("readonly", (store) => store.get(sessionUuid)).catch(() => undefined);
  return kept ?? unkept.get(sessionUuid);
}

async function write(sessionUuid, pair) {
  unkept.set(sessionUuid, pair);
  await inStore("readwrite", (store) => store.put(pair, sessionUuid)).catch(() => {});
}

/** The result of one request, once its transaction is complete. */
async function inStore(mode, request) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    const transaction = database.transaction(STORE, mode);
    const asked = request(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    return asked.result;
  } finally {
    database.close();
  }
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
  });
}

function base64url(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
