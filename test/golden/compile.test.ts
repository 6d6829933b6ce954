import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { Compilation, CompileInput } from '../../src/control/compile/compilation.ts';
import { compile, createCompiler } from '../../src/control/compile/compile.ts';
import { printCompilation } from './print-compilation.ts';
import type { GoldenCase } from './read-case.ts';
import { readCase } from './read-case.ts';

const folder = join(import.meta.dirname, 'compile');
const cases = globSync('*.in.yaml', { cwd: folder }).sort();

test('there are cases', () => assert.ok(cases.length >= 40, `only ${cases.length} cases in ${folder}`));

for (const file of cases) {
  const name = file.replace('.in.yaml', '');
  test(name.replaceAll('-', ' '), (t: TestContext) => {
    const result = compileCase(readCase(join(folder, file)));
    t.assert.fileSnapshot(printCompilation(result), join(folder, `${name}.out.yaml`), { serializers: [String] });
  });
}

/** Compiles as the controller does, and checks on the way that the memory of the compiler changes nothing. */
function compileCase({ settings, nowSeconds, addresses, before, after }: GoldenCase): Compilation {
  const compiler = createCompiler();
  const common = { settings, nowSeconds, publishedAddresses: addresses };
  const first = before === undefined ? undefined : compiler({ ...common, objects: before, version: 1 });
  const previous = first === undefined ? {} : { previous: first.snapshot };
  const input: CompileInput = { ...common, ...previous, objects: after, version: 2 };
  const result = compiler(input);
  assert.deepEqual(result, compile(input));
  return result;
}
