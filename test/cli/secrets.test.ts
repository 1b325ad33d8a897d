/** A user's name and password in a reference are a mistake that must not end in a log. */
import { Ending, runCommand } from '../support/command';

function shown({ stdout, stderr }: Ending): string {
  return stdout + stderr;
}

describe.each([
  ['a source', ['copy', 'someone:hunter2@quay.io/a:1', 'localhost:1/app']],
  ['a source with a scheme', ['copy', 'https://someone:hunter2@quay.io/a:1', 'localhost:1/app']],
  ['a target', ['check', 'nginx:1', 'someone:hunter2@quay.io/a']],
])('a password in %s', (_, commandArguments) => {
  test('is not in the error', async () => {
    const ending = await runCommand(commandArguments);
    expect(ending.code).toBe(2);
    expect(shown(ending)).toContain('***@quay.io/a');
    expect(shown(ending)).not.toContain('hunter2');
  });

  test('is not in the result', async () => {
    const ending = await runCommand([...commandArguments, '--json']);
    expect(ending.code).toBe(2);
    expect(shown(ending)).not.toContain('hunter2');
  });
});
