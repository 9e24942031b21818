// What a page is told when it is refused, and what the log says of it (contract §3). Start with `attempt`.

import assert from "node:assert/strict";
import { SOON, until } from "./wait.js";

/** Options of a client that comes back at once where it comes back at all. */
export const EAGER = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 40, randomizationFactor: 0 };

/** A page should learn within a second; a busy machine gets more. */
const DEADLINE = 20_000;

/** Has the page (or frame) connect, and returns the first `connect_error` that it is told. */
export async function attempt(t, page, url, options = {}) {
  await page.evaluate(([to, given]) => connect(to, given), [url, { ...EAGER, ...options }]);
  return firstError(t, page);
}

/** The first `connect_error`, in time. */
export async function firstError(t, page) {
  await page.waitForFunction(() => seen.errors.length > 0);
  const [error] = await page.evaluate(() => seen.errors);
  t.diagnostic(`connect_error after ${error.ms} ms: ${error.data?.code ?? error.message}`);
  assert.ok(error.ms < DEADLINE, `connect_error came after ${error.ms} ms`);
  return error;
}

/** The refusal has all its members, names nothing that is `hidden`, and the client gives up. */
export function isTerminal(error, code, hidden = []) {
  const said = JSON.stringify(error);
  assert.equal(error.data?.code, code, said);
  assert.match(error.message, new RegExp(`\\[${code}\\]$`));
  for (const member of ["hint", "user_message", "request_id"]) assert.ok(error.data[member], `${member}: ${said}`);
  assert.deepEqual([error.data.doc, error.data.category], [`/bellgate/errors/${code}`, "cors"]);
  assert.ok(["after_fix", "never"].includes(error.data.retry), said);
  for (const secret of hidden) assert.ok(!said.includes(secret), `${secret} is told to a page: ${said}`);
  assert.equal(error.active, false, said);
}

/** The client saw nothing but that it failed, and goes on trying. */
export function isBare(error, message = "xhr poll error") {
  assert.equal(error.message, message, JSON.stringify(error));
  assert.deepEqual([error.data, error.active], [undefined, true]);
  if (message === "xhr poll error") {
    assert.deepEqual([error.description, error.status, error.responseText], [0, 0, ""]);
  } else {
    assert.deepEqual([error.description, error.status], [undefined, undefined]);
  }
}

/** The page was told once, and asked for one session, when others had long come back. */
export async function staysAway(page, relayed) {
  await page.evaluate(() => othersCameBack());
  assert.deepEqual(await page.evaluate(() => [seen.connects, seen.errors.length, seen.attempts]), [0, 1, []]);
  assert.equal(relayed.requests.filter((request) => request.isHandshake).length, 1, JSON.stringify(relayed.requests));
  // Of the sid that it was given the client may try its CONNECT, a poll and a goodbye (hardening §2, j).
  const asked = relayed.requests.filter(({ method }) => method !== "OPTIONS");
  assert.ok(asked.length <= 4, JSON.stringify(relayed.requests));
}

/** The log's line of this code, and of the request that the page was told of where it was told. */
export async function logged(gate, code, requestId = undefined) {
  const isIt = (line) => line.code === code && (requestId === undefined || line.request_id === requestId);
  const line = await until(() => gate.log.find(isIt), SOON, `${code} in the log`).catch((error) => {
    throw new Error(`${error.message}\n${gate.output}`);
  });
  assert.equal(line.level, "WARN");
  return line;
}
