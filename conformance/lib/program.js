// Starts a program on a free port, waits until it answers, stops it and checks that it ended well.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { request } from "./http.js";
import { until, within } from "./wait.js";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Path of a built program: the environment's choice, else the release build. */
export function built(name, variable) {
  return process.env[variable] ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "release", name);
}

/**
 * A port on 127.0.0.1 that was free a moment ago, below those that the system gives to whoever asks for any (Linux:
 * from 32768), so that no other program is given it before it is bound.
 */
export async function freePort() {
  let refused;
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const probe = createServer();
    refused = await new Promise((resolve) => {
      probe.once("error", resolve).listen(port, "127.0.0.1", () => resolve(undefined));
    });
    if (refused === undefined) {
      await new Promise((resolve) => probe.close(resolve));
      return port;
    }
  }
  throw new Error("none of 100 ports from 20000 to 29999 of 127.0.0.1 can be listened on", { cause: refused });
}

/** A running server under test. */
export class Program {
  /** Runs `command` with `args` and nothing but `env` in its environment, in an empty folder of its own. */
  static async start(command, args, env, port) {
    const program = new Program(command, args, env, port);
    await until(() => program.#answers(), 60_000, `${command} to answer on port ${port}`);
    return program;
  }

  constructor(command, args, env, port) {
    this.port = port;
    this.host = "127.0.0.1";
    this.url = `http://127.0.0.1:${port}`;
    this.folder = mkdtempSync(join(tmpdir(), "bellgate-"));
    this.output = "";
    /** Set by the one test that has a handler of its own panic. */
    this.mayPanic = false;
    const { PATH, HOME } = process.env;
    this.child = spawn(command, args, { cwd: this.folder, env: { PATH, HOME, RUST_BACKTRACE: "1", ...env } });
    this.exited = new Promise((resolve) => {
      this.child.on("error", (error) => resolve({ error }));
      this.child.on("exit", (code, signal) => resolve({ code, signal }));
    });
    this.exited.then((how) => (this.ended = how));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
  }

  /** Whether the process still runs. */
  get isAlive() {
    return this.ended === undefined;
  }

  /** The log so far: what it wrote as JSON, line by line. */
  get log() {
    const lines = this.output.slice(0, this.output.lastIndexOf("\n") + 1).split("\n");
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** Stops it as an operator would, and checks that it had not panicked and says so with status 0. */
  async stop(ms = 30_000) {
    const early = this.ended;
    if (!early) this.child.kill("SIGTERM");
    const how = await within(this.exited, ms, `the end of the server after SIGTERM\n${this.output}`).catch((error) => {
      this.child.kill("SIGKILL");
      throw error;
    });
    rmSync(this.folder, { recursive: true, force: true });
    if (!this.mayPanic) assert.doesNotMatch(this.output, /panicked at/, "the server panicked");
    assert.equal(early, undefined, `the server ended by itself\n${this.output}`);
    assert.deepEqual(how, { code: 0, signal: null }, this.output);
  }

  /** Ends it without a goodbye. */
  async kill() {
    this.child.kill("SIGKILL");
    await within(this.exited);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answers() {
    if (this.ended) throw new Error(`the server did not start: ${JSON.stringify(this.ended)}\n${this.output}`);
    return request(this, "/healthz").then(
      (answer) => answer.status === 200,
      () => false,
    );
  }
}
