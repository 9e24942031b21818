// The page's own server.

/** What the server says of the gateway and of the people who can log in. */
export async function config() {
  return (await fetch("/demo/config")).json();
}

/** Posts JSON and returns the answer's; fails with the server's own words. */
export async function post(path, body = {}) {
  const answer = await send(path, body);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text.trim() || `${path} answered ${answer.status}`);
  return text ? JSON.parse(text) : {};
}

/** Posts JSON and returns the answer as it is. */
export function send(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
