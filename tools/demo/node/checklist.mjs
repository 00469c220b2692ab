// Runs the demo's steps one after another and says in a readable form what came back.

import assert from 'node:assert/strict';

const width = 100;
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

export class Checklist {
  passed = 0;
  failed = 0;

  // `run` returns what to show: an array of [name, value] pairs. It throws where it is not content.
  async step(name, run) {
    const started = performance.now();
    try {
      const shown = await run();
      this.passed += 1;
      const took = `${Math.round(performance.now() - started)} ms`;
      console.log(`${paint(32, ' ok ')} ${name} ${paint(2, `(${took})`)}`);
      for (const [label, value] of shown ?? []) show(label, value);
    } catch (error) {
      this.failed += 1;
      console.log(`${paint(31, 'FAIL')} ${name}`);
      const reason = error?.cause?.message ? `${error.message} (${error.cause.message})` : error.message;
      for (const line of String(reason).split('\n').slice(0, 12)) console.log(`       ${line}`);
    }
  }
}

// Expects the SDK to throw an error of this class and status, as it does with the provider itself.
export async function refusal(call, ErrorClass, status) {
  let error;
  try {
    await call();
  } catch (caught) {
    error = caught;
  }
  assert.ok(error, `expected ${ErrorClass.name}, but the call succeeded`);
  assert.ok(error instanceof ErrorClass,
    `expected ${ErrorClass.name}, got ${error.constructor.name}: ${error.message}`);
  assert.equal(error.status, status);
  return [[ErrorClass.name, error.message]];
}

export function text(value) {
  assert.equal(typeof value, 'string');
  assert.ok(value.trim().length > 0, 'the text is empty');
  return value;
}

export function count(value, name) {
  assert.ok(Number.isInteger(value) && value > 0, `${name} is ${value}, not a positive count`);
  return value;
}

function show(label, value) {
  const flat = String(value).replace(/\s+/g, ' ').trim();
  const room = width - 20;
  const cut = flat.length > 2 * room ? `${flat.slice(0, 2 * room - 3)}...` : flat;
  const lines = cut.match(new RegExp(`.{1,${room}}(\\s|$)|.{1,${room}}`, 'g')) ?? [''];
  console.log(`       ${paint(2, label.padEnd(12))} ${lines.join(`\n${' '.repeat(20)}`)}`);
}
