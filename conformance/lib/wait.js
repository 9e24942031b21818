// Waiting with deadlines. Tests wait for a condition, never for a time to pass: start with `within` and `Inbox`.

/** How long a test waits for something that should happen at once, in milliseconds. Machines pause. */
export const SOON = 15_000;

/** Resolves as `promise` does, or fails after `ms` milliseconds with a sentence that names `what` was awaited. */
export async function within(promise, ms = SOON, what = "the answer") {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks `check` again and again until it returns something truthy, and returns that. */
export async function until(check, ms = SOON, what = "the condition") {
  const end = performance.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The arguments of the next `event` of an emitter. */
export function once(emitter, event, ms = SOON) {
  const heard = new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
  return within(heard, ms, `the event ${event}`);
}

/** What arrived and was not looked at yet, in order, until an end is told. */
export class Inbox {
  #items = [];
  #waiting = [];
  #ended;

  /** Adds one arrived thing. */
  push(item) {
    const waiter = this.#waiting.shift();
    if (waiter) waiter.resolve(item);
    else this.#items.push(item);
  }

  /** Tells that nothing more comes, and why. */
  end(reason) {
    if (this.#ended) return;
    this.#ended = { reason };
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#gone());
  }

  /** The next thing; fails after `ms`, or when the end came first. */
  next(ms = SOON, what = "the next packet") {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    if (this.#ended) return Promise.reject(this.#gone());
    const waiter = {};
    const arrived = new Promise((resolve, reject) => Object.assign(waiter, { resolve, reject }));
    this.#waiting.push(waiter);
    return within(arrived, ms, what).catch((error) => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      throw error;
    });
  }

  /** All that arrived and was not taken. */
  takeAll() {
    return this.#items.splice(0);
  }

  #gone() {
    return new Error(`the peer was closed: ${JSON.stringify(this.#ended.reason)}`);
  }
}
