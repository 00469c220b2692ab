// Lets the two official JavaScript SDKs talk to a running gateway.
//
// From the environment: DEMO_GATEWAY (http://host:port), DEMO_KEY and the model names. Exits 0 if
// every step passed; the last line is "N passed, M failed".

import { anthropicSteps } from './anthropic_steps.mjs';
import { Checklist } from './checklist.mjs';
import { openaiSteps } from './openai_steps.mjs';

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const gateway = setting('DEMO_GATEWAY');
const key = setting('DEMO_KEY');
const list = new Checklist();

await openaiSteps(list, {
  gateway, key, model: setting('DEMO_OPENAI_MODEL'), embeddingModel: setting('DEMO_EMBEDDING_MODEL'),
});
await anthropicSteps(list, { gateway, key, model: setting('DEMO_ANTHROPIC_MODEL') });

console.log(`${list.passed} passed, ${list.failed} failed`);
process.exitCode = list.failed === 0 ? 0 : 1;
