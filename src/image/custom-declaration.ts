/**
 * What an app has declared to customise, as the construct tells the project that builds customised images, and as the program there knows it again.
 */
import type { CustomImage } from './custom-image';
import { PROJECT_ENVIRONMENT } from './environment';

/** A customised image as an app declares it: which image, from where, to where, and how. */
export interface CustomDeclaration {
  /** The upstream image in canonical spelling; without a tag where a filter selects tags. */
  readonly image: string;
  /** The repository in the mirror that the image itself is in; empty where nobody knew its name when the app was synthesised. */
  readonly base: string;
  readonly custom: CustomImage;
}

/** All of a declaration, as the text whose digest stands for it. */
export function declarationText({ image, base, custom: { repository, lines, platforms } }: CustomDeclaration): string {
  return JSON.stringify({ image, base, repository, lines, platforms });
}

/**
 * What a project names a declaration by: enough of its digest that nobody finds another one for it.
 *
 * @param digest that of the declaration's text
 * @param base the repository that the text leaves out, which CloudFormation knows; undefined where the text has it
 */
export function declarationMark(digest: string, base?: string): string {
  const mark = digest.slice('sha256:'.length, 'sha256:'.length + 32);
  return base === undefined ? mark : `${mark}:${base}`;
}

/**
 * CodeBuild documents no limit, and has been seen to refuse a value of more than 4,096 characters.
 *
 * @see https://github.com/wolfeidau/buildkite-serverless-agent/issues/35
 */
const LONGEST_VALUE = 4_000;

/** The longest mark with the name of a repository, in whose place the template has what CloudFormation replaces. */
const LONGEST_MARK = 300;

/** The names and values of the variables that hold marks: one, and more where they do not fit into one. */
export function markVariables(marks: readonly string[]): [name: string, value: string][] {
  const values: string[][] = [[]];
  let room = LONGEST_VALUE;
  for (const mark of marks) {
    const length = mark.includes(':') ? LONGEST_MARK : mark.length + 1;
    if (length > room) {
      values.push([]);
      room = LONGEST_VALUE;
    }
    values[values.length - 1].push(mark);
    room -= length;
  }
  return values.map((value, index) => [`${PROJECT_ENVIRONMENT.RECIPES}${index === 0 ? '' : `_${index + 1}`}`, value.join(',')]);
}

/** The marks in the variables of a build. */
export function marksIn(variables: Readonly<Record<string, string | undefined>>): Set<string> {
  const names = Object.keys(variables).filter((name) => name === PROJECT_ENVIRONMENT.RECIPES || name.startsWith(`${PROJECT_ENVIRONMENT.RECIPES}_`));
  return new Set(names.flatMap((name) => variables[name]?.split(',') ?? []).filter((mark) => mark !== ''));
}
