import { PassThrough } from 'node:stream';
import { confirm, requireTerminal } from '../../verify/confirm';

async function answerTo(text: string): Promise<{ readonly answer: string; readonly shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough();
  const answer = confirm('Continue?', { input, output });
  input.end(text);
  return { answer: await answer, shown: String(output.read()) };
}

test.each([['y\n', 'yes'], ['YES\n', 'yes'], ['n\n', 'no'], ['\n', 'no'], ['yesterday\n', 'no'], ['', 'no']])('the answer %j is %s', async (text, expected) => {
  const { answer, shown } = await answerTo(text);
  expect(answer).toBe(expected);
  expect(shown).toContain('Continue? [y/N] ');
});

test('Ctrl-C in a terminal is an interruption', async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const answer = confirm('Continue?', { input, output });
  input.write('\u0003');
  expect(await answer).toBe('interrupted');
});

test('without a terminal, the error has the option that replaces the answer', () => {
  expect(() => requireTerminal({})).toThrow('there is no terminal that could confirm the costs; add --yes to run without confirmation');
  expect(() => requireTerminal({ isTTY: true })).not.toThrow();
});
