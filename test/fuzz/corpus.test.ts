import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { disagreementOn } from '../support/http1-agreement.ts';
import { goodVectors, vectors } from '../support/http1-vectors.ts';

const corpus = new URL('corpus/', import.meta.url);

for (const name of readdirSync(corpus).toSorted()) {
  test(`what we forward of ${name} means the same to node:http`, async () => {
    assert.equal(await disagreementOn(readFileSync(new URL(name, corpus))), undefined);
  });
}

for (const { name, input } of [...vectors, ...goodVectors]) {
  test(`what we forward of "${name}" means the same to node:http`, async () => {
    assert.equal(await disagreementOn(Buffer.from(input, 'latin1')), undefined);
  });
}
