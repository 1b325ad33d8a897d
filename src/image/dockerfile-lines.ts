/**
 * The lines of a Dockerfile by which an image is customized, as the construct takes them and the build writes them after its own `FROM`.
 *
 * Each line is one whole instruction, so that none changes what another means, and none brings an image or a file past the mirror. Instructions that
 * the image itself has for whoever builds on it are refused when it is built.
 *
 * @see https://docs.docker.com/reference/dockerfile/
 */
import { quote } from './image-reference';
import { escapeControlCharacters } from './sanitize';

/** What a line may be. */
export const DOCKERFILE_INSTRUCTIONS: readonly string[] = [
  'ARG', 'CMD', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'HEALTHCHECK', 'LABEL', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR',
];

/** All lines travel in a variable of a build, in JSON within JSON. */
const LONGEST_RECIPE = 3_000;

const NO_FILES = 'there are no files beside the lines, and an image or address to copy from would come past the mirror; have RUN write what you need, '
  + 'or build an image asset from the mirror with dockerBuildContexts()';

/** Why some instructions are refused, and what to do instead. */
const REFUSALS: Readonly<Record<string, string>> = {
  ADD: NO_FILES,
  COPY: NO_FILES,
  FROM: 'the lines continue the image that is mirrored, and there is no other stage; leave it out',
  MAINTAINER: 'it is deprecated; write LABEL org.opencontainers.image.authors="..."',
  ONBUILD: 'it would leave its instruction to whoever builds on the image; write the instruction itself',
};

/** What is wrong with lines, in words that name the first wrong one; undefined when nothing is. */
export function dockerfileLinesProblem(lines: readonly string[]): string | undefined {
  if (lines.length === 0) return 'there are no lines; write at least one, or leave them out';
  for (const line of lines) {
    const problem = lineProblem(line);
    if (problem !== undefined) return `the line ${quote(line)} ${problem}`;
  }
  const length = JSON.stringify(lines).length;
  if (length <= LONGEST_RECIPE) return undefined;
  return `the lines have ${length} characters as JSON, and ${LONGEST_RECIPE} is the limit; have RUN fetch a script, or build an image asset from the mirror with dockerBuildContexts()`;
}

/** Whether lines run commands, which takes a processor of the image's platform. */
export function runsCommands(lines: readonly string[]): boolean {
  return lines.some((line) => instructionOf(line) === 'RUN');
}

function lineProblem(line: string): string | undefined {
  const problem = formProblem(line);
  if (problem !== undefined) return problem;
  const instruction = instructionOf(line);
  if (!DOCKERFILE_INSTRUCTIONS.includes(instruction)) {
    const why = REFUSALS[instruction];
    return `starts with ${quote(instruction)}, which ${why === undefined ? 'is none of the instructions' : 'is not'} allowed here: ${why ?? DOCKERFILE_INSTRUCTIONS.join(', ')}`;
  }
  const rest = line.trim().slice(instruction.length).trim();
  if (rest === '') return `has nothing after ${instruction}`;
  return instruction === 'RUN' ? runProblem(rest) : undefined;
}

/** What would make one line several, or several one. */
function formProblem(line: string): string | undefined {
  if (/[\r\n]/.test(line)) return 'holds a line break; write each instruction as a line of its own, and join commands with "&&"';
  if (escapeControlCharacters(line.replace(/\t/g, ' ')) !== line.replace(/\t/g, ' ')) return 'holds a control character or an invisible one; remove it';
  if (line.trim() === '') return 'is empty; remove it';
  if (line.trim().startsWith('#')) return 'is a comment or a parser directive; write comments in the app\'s own code';
  if (line.trim().endsWith('\\')) return 'ends with a backslash, which would join the next line to it; write the instruction in one line';
  return undefined;
}

function runProblem(command: string): string | undefined {
  if (command.startsWith('--')) return 'has a flag of RUN, which could bring an image past the mirror or reach the machine that builds; leave the flag out';
  if (command.includes('<<')) {
    return 'holds "<<", by which Docker may take the lines after it for a here-document; write a text with printf, and a shifted number as what it comes to';
  }
  return undefined;
}

function instructionOf(line: string): string {
  return (/^\s*(\S*)/.exec(line)?.[1] ?? '').toUpperCase();
}
