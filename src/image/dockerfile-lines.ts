/**
 * Dockerfile lines that customize an image. A build writes them after its own `FROM`.
 *
 * Each line is one complete instruction, so no line changes the meaning of another one, and no line bypasses the mirror with an image or a file.
 * The build rejects images that contain `ONBUILD` instructions of their own.
 *
 * @see https://docs.docker.com/reference/dockerfile/
 */
import { escapeControlCharacters, quote } from './sanitize';

/** The allowed Dockerfile instructions. */
export const DOCKERFILE_INSTRUCTIONS: readonly string[] = [
  'ARG', 'CMD', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'HEALTHCHECK', 'LABEL', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR',
];

/** The maximum length of all lines as JSON: a build gets them in an environment variable, as JSON in JSON. */
const MAX_LINES_LENGTH = 3_000;

const USE_AN_ASSET = 'build an image asset from the mirror with dockerBuildContexts()';
const NO_FILES = 'the build has no files to copy, and an image or URL as the source would bypass the mirror; '
  + `create the files with RUN, or ${USE_AN_ASSET}`;

/** Why some instructions are not allowed, and the remedy. */
const DISALLOWED_INSTRUCTIONS: Readonly<Record<string, string>> = {
  ADD: NO_FILES,
  COPY: NO_FILES,
  FROM: 'the lines extend the mirrored image, and there are no other stages; remove it',
  MAINTAINER: 'it is deprecated; use LABEL org.opencontainers.image.authors="..."',
  ONBUILD: 'it would run its instruction in builds that use the image; write the instruction itself',
};

/** The problem with the first invalid line, as text; undefined when all lines are valid. */
export function dockerfileLinesProblem(lines: readonly string[]): string | undefined {
  if (lines.length === 0) return 'there are no lines; add at least one, or omit the lines';
  for (const line of lines) {
    const problem = lineProblem(line);
    if (problem !== undefined) return `the line ${quote(line)} ${problem}`;
  }
  const length = JSON.stringify(lines).length;
  if (length <= MAX_LINES_LENGTH) return undefined;
  return `the lines have ${length} characters as JSON, and ${MAX_LINES_LENGTH} is the maximum; download a script with RUN, or ${USE_AN_ASSET}`;
}

/** Whether lines run commands, which requires a processor for the platform of the image. */
export function runsCommands(lines: readonly string[]): boolean {
  return lines.some((line) => instructionOf(line) === 'RUN');
}

function lineProblem(line: string): string | undefined {
  const problem = formProblem(line);
  if (problem !== undefined) return problem;
  const instruction = instructionOf(line);
  if (!DOCKERFILE_INSTRUCTIONS.includes(instruction)) {
    const reason = DISALLOWED_INSTRUCTIONS[instruction] ?? `use one of ${DOCKERFILE_INSTRUCTIONS.join(', ')}`;
    return `starts with ${quote(instruction)}, which is not allowed here: ${reason}`;
  }
  const rest = line.trim().slice(instruction.length).trim();
  if (rest === '') return `has nothing after ${instruction}; complete the instruction`;
  return instruction === 'RUN' ? runProblem(rest) : undefined;
}

/** The problem with a line that is not exactly one instruction. */
function formProblem(line: string): string | undefined {
  const withoutTabs = line.replace(/\t/g, ' ');
  if (/[\r\n]/.test(line)) return 'contains a line break; write each instruction as a separate line, and join commands with "&&"';
  if (escapeControlCharacters(withoutTabs) !== withoutTabs) return 'contains a control character or an invisible character; remove it';
  if (line.trim() === '') return 'is empty; remove it';
  if (line.trim().startsWith('#')) return 'is a comment or a parser directive; write comments in the code of the app';
  if (line.trim().endsWith('\\')) return 'ends with a backslash, which would join the next line to it; write the instruction in one line';
  return undefined;
}

function runProblem(command: string): string | undefined {
  if (command.startsWith('--')) return 'has a flag of RUN, which could bypass the mirror or access the build machine; remove the flag';
  if (!command.includes('<<')) return undefined;
  return 'contains "<<", which can start a here-document of the lines after it; write text with printf, and shifted numbers as their results';
}

function instructionOf(line: string): string {
  return (/^\s*(\S*)/.exec(line)?.[1] ?? '').toUpperCase();
}
