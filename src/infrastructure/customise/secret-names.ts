import { Annotations } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { quote } from '../../image/image-reference';

/** Words in the name of a variable that is likely to hold a secret. */
const SECRET_WORDS = new Set(['apikey', 'auth', 'credential', 'credentials', 'key', 'passwd', 'password', 'secret', 'token']);

/** `ENV A=1 B=2`, `ENV A 1` and `ARG A`. */
const VARIABLES = /^(?:ENV|ARG)\s+(.*)$/i;
const NAMES = /(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)(?==|\s|$)/g;

/** Warns of lines that look as if they held a secret, which the template and the image would tell to all who may read them. */
export function warnOfSecrets(image: Construct, lines: readonly string[]): void {
  const names = lines.flatMap(variablesOf).filter(isSecret);
  if (names.length === 0) return;
  Annotations.of(image).addWarningV2(
    'cdk-ecr-mirror:MirroredImage.secretInLines',
    `dockerfileLines set ${names.map(quote).join(', ')}, and are in the template and in the image for all who may read them; `
    + 'give secrets to the container that runs the image, or acknowledge this where it is none',
  );
}

function variablesOf(line: string): string[] {
  const [, variables = ''] = VARIABLES.exec(line.trim()) ?? [];
  const all = [...variables.matchAll(NAMES)].map(([, name]) => name);
  // Without "=", all that follows the first word is its value.
  return variables.includes('=') ? all : all.slice(0, 1);
}

function isSecret(name: string): boolean {
  const words = name.toLowerCase().split('_');
  return !words.includes('public') && words.some((word) => SECRET_WORDS.has(word));
}
