// What the official JavaScript SDKs make of the gateway's limits. From the environment: GATEWAY and a
// key for each limit. The last line says how many steps passed.

import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { Checklist, refusal } from './checklist.mjs';

const gateway = process.env.GATEWAY;
const list = new Checklist();
const openai = (key, maxRetries = 0) => new OpenAI({ baseURL: `${gateway}/v1`, apiKey: key, maxRetries });
const anthropic = (key, maxRetries = 0) => new Anthropic({ baseURL: gateway, apiKey: key, maxRetries });
const chat = (client) =>
  client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], max_tokens: 5 });
const message = (client) =>
  client.messages.create({ model: 'claude-x', messages: [{ role: 'user', content: 'hi' }], max_tokens: 5 });

await list.step('openai: a spent limit is a RateLimitError with its hints', async () => {
  const client = openai(process.env.MINUTE);
  await chat(client);
  let error;
  await chat(client).catch((caught) => { error = caught; });
  assert.ok(error instanceof OpenAI.RateLimitError, String(error));
  assert.equal(error.code, 'rate_limit_exceeded');
  const wait = Number(error.headers.get('retry-after-ms'));
  assert.ok(wait > 50_000 && wait <= 62_000, String(wait));
  assert.equal(error.headers.get('x-ratelimit-remaining-requests'), '0');
});

await list.step('openai: who waits as it was told is served', async () => {
  const client = openai(process.env.SECOND, 2);
  await chat(client);
  const begun = performance.now();
  await chat(client);
  const took = performance.now() - begun;
  assert.ok(took > 500 && took < 5_000, `it took ${took} ms`);
});

await list.step('openai: an empty budget is no RateLimitError and is not tried again', async () => {
  const begun = performance.now();
  const shown = await refusal(() => chat(openai(process.env.BROKE, 3)), OpenAI.APIError, 402);
  assert.ok(performance.now() - begun < 2_000);
  return shown;
});

await list.step('openai: one too many at a time is a RateLimitError', async () => {
  const client = openai(process.env.NOTHING);
  return refusal(() => chat(client), OpenAI.RateLimitError, 429);
});

await list.step('anthropic: a spent limit is a RateLimitError with its hints', async () => {
  const client = anthropic(process.env.OTHER_MINUTE);
  await message(client);
  let error;
  await message(client).catch((caught) => { error = caught; });
  assert.ok(error instanceof Anthropic.RateLimitError, String(error));
  assert.equal(error.error.error.type, 'rate_limit_error');
  assert.equal(error.headers.get('anthropic-ratelimit-requests-remaining'), '0');
  assert.ok(!Number.isNaN(Date.parse(error.headers.get('anthropic-ratelimit-requests-reset'))));
});

await list.step('anthropic: who waits as it was told is served', async () => {
  const client = anthropic(process.env.OTHER_SECOND, 2);
  await message(client);
  await message(client);
});

await list.step('anthropic: an empty budget is not tried again', async () =>
  refusal(() => message(anthropic(process.env.BROKE, 3)), Anthropic.APIError, 402));

console.log(`${list.passed} passed, ${list.failed} failed`);
process.exitCode = list.failed === 0 ? 0 : 1;
