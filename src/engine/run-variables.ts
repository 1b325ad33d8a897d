/**
 * The variables of a run in errors and results.
 *
 * A variable can have the type `SECRETS_MANAGER`, so its value can be a secret. Errors, logs, results and events show a value only if it has the
 * characters of its kind, and contains no configured credential.
 */
import { MirrorError } from './mirror-error';
import { CredentialVariables, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../image/contract/environment';
import { parseJson } from '../image/parse-json';
import { quote, redactCredentials, sanitizeForLog } from '../image/sanitize';

/** The characters and the maximum length of values that are shown. */
interface ShownValues {
  readonly characters: RegExp;
  readonly maxLength: number;
}

const WORD: ShownValues = { characters: /[A-Za-z_-]/, maxLength: 20 };
const NAME: ShownValues = { characters: /[A-Za-z0-9._/-]/, maxLength: 256 };
const COUNT: ShownValues = { characters: /[A-Za-z0-9.+-]/, maxLength: 20 };
const PLATFORM_LIST: ShownValues = { characters: /[a-z0-9/, ]/, maxLength: 256 };

/** Values of all other variables are never shown. */
const SHOWN_VALUES: Readonly<Record<string, ShownValues | undefined>> = {
  [RUN_ENVIRONMENT.IMAGE]: { characters: /[A-Za-z0-9._/:@[\]-]/, maxLength: 512 },
  [RUN_ENVIRONMENT.REPOSITORY]: NAME,
  [RUN_ENVIRONMENT.TAG_KIND]: WORD,
  [RUN_ENVIRONMENT.ON_TAG_MOVED]: WORD,
  [RUN_ENVIRONMENT.ON_UPSTREAM_GONE]: WORD,
  [RUN_ENVIRONMENT.REFERRERS]: WORD,
  [RUN_ENVIRONMENT.ATTESTATIONS]: WORD,
  [RUN_ENVIRONMENT.LATE_REFERRERS]: { characters: /[A-Za-z0-9/:_+ -]/, maxLength: 80 },
  [RUN_ENVIRONMENT.PLATFORMS]: PLATFORM_LIST,
  [RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE]: PLATFORM_LIST,
  [RUN_ENVIRONMENT.PLATFORM_TAGS]: PLATFORM_LIST,
  [RUN_ENVIRONMENT.KEEP_PREVIOUS]: COUNT,
  [RUN_ENVIRONMENT.KEEP_VERSIONS]: COUNT,
  [RUN_ENVIRONMENT.OWNER]: { characters: /[A-Za-z0-9 ._@/+:-]/, maxLength: 100 },
  [RUN_ENVIRONMENT.EXPIRES]: { characters: /[0-9-]/, maxLength: 20 },
  [RUN_ENVIRONMENT.CATALOG]: { characters: /[A-Za-z0-9._/:-]/, maxLength: 512 },
  [RUN_ENVIRONMENT.SHARD]: { characters: /[0-9/]/, maxLength: 10 },
  [PROJECT_ENVIRONMENT.REGISTRY]: { characters: /[A-Za-z0-9._/:@[\]-]/, maxLength: 256 },
  [PROJECT_ENVIRONMENT.REPOSITORY_PREFIX]: NAME,
  [PROJECT_ENVIRONMENT.QUARANTINE]: NAME,
  [PROJECT_ENVIRONMENT.DECISIONS]: NAME,
  [PROJECT_ENVIRONMENT.KEEP_PREVIOUS]: COUNT,
  [PROJECT_ENVIRONMENT.DEADLINE_SECONDS]: COUNT,
};

/** The error for the value of a variable. It has the value if that can be shown, and otherwise describes it. */
export function variableError(name: string, value: string, problem: string): MirrorError {
  const reason = name === RUN_ENVIRONMENT.IMAGE ? 'invalid-reference' : 'invalid-configuration';
  return new MirrorError(reason, `the variable ${name} ${describeValue(name, value)}: ${problem}`);
}

/** Whether a value has the characters and the length of values that are shown. */
export function isShown(name: string, value: string): boolean {
  const shown = SHOWN_VALUES[name];
  return shown !== undefined && value.length <= shown.maxLength && wrongCharacter(shown, value) === -1;
}

function describeValue(name: string, value: string): string {
  if (isShown(name, value)) return `is ${sanitizeForLog(quote(redactCredentials(value)))}`;
  const shown = SHOWN_VALUES[name];
  const length = `has ${value.length} ${value.length === 1 ? 'character' : 'characters'}`;
  const wrong = shown === undefined ? -1 : wrongCharacter(shown, value);
  if (wrong !== -1) return `${length}, and character ${wrong + 1} is ${characterClass([...value][wrong])}`;
  return shown === undefined ? 'is not valid' : `${length}, and ${shown.maxLength} is the maximum`;
}

function wrongCharacter({ characters }: ShownValues, value: string): number {
  return [...value].findIndex((character) => !characters.test(character));
}

function characterClass(character: string): string {
  if (character === ' ') return 'a space';
  if (/[^\x20-\x7e]/.test(character)) return /\p{Cc}/u.test(character) ? 'a control character' : 'a character outside ASCII';
  if (/[0-9]/.test(character)) return 'a digit';
  return /[A-Za-z]/.test(character) ? 'a letter' : 'a punctuation mark';
}

/**
 * Requires that no variable of a run contains a configured password or access token.
 *
 * User names are allowed, because they often are namespaces of images too.
 *
 * @throws MirrorError that names the variable, without its value
 */
export function requireNoCredentials(environment: NodeJS.ProcessEnv): void {
  const secrets = readSecrets(environment);
  const name = Object.values(RUN_ENVIRONMENT).find((variable) => containsSecret(environment[variable], secrets));
  if (name === undefined) return;
  const reason = name === RUN_ENVIRONMENT.IMAGE ? 'invalid-reference' : 'invalid-configuration';
  const remedy = `set ${name} to a plain value, not to a secret, and change the password if others can read this log`;
  throw new MirrorError(reason, `the variable ${name} contains a password or token of ${PROJECT_ENVIRONMENT.CREDENTIALS}; ${remedy}`);
}

/** The image or the catalog of a run for its result; empty when the value cannot be shown. */
export function shownSource(environment: NodeJS.ProcessEnv): string {
  const name = environment[RUN_ENVIRONMENT.IMAGE] ? RUN_ENVIRONMENT.IMAGE : RUN_ENVIRONMENT.CATALOG;
  const value = environment[name] ?? '';
  return isShown(name, value) && !containsSecret(value, readSecrets(environment)) ? redactCredentials(value) : '';
}

/** Shorter secrets are ignored: many image names would contain them. */
const MIN_SECRET_LENGTH = 4;

/** Shorter secrets only match whole words of a value. A password `test` is not in `testcontainers/ryuk`. */
const MIN_CONTAINED_LENGTH = 8;

/** The passwords and tokens in the environment, in the spellings in which values contain them, in lowercase. */
function readSecrets(environment: NodeJS.ProcessEnv): string[] {
  const list = parseJson(environment[PROJECT_ENVIRONMENT.CREDENTIALS] ?? '');
  // Before its validation, a field can be anything. An object may even have no text.
  const pairs = Array.isArray(list) ? list.map((entry) => Object(entry) as { readonly [field in keyof CredentialVariables]?: unknown }) : [];
  const read = (variable: unknown) => typeof variable === 'string' ? environment[variable] : undefined;
  const spellings = pairs.flatMap(({ username, password }) => {
    const secret = read(password)?.trim() ?? '';
    if (secret.length < MIN_SECRET_LENGTH) return [];
    const encoded = [secret, `${read(username) ?? ''}:${secret}`].map((text) => Buffer.from(text).toString('base64').replace(/=+$/, ''));
    return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.replace(/\p{Cs}/gu, '')), ...encoded];
  });
  return [...new Set(spellings.map((spelling) => spelling.toLowerCase()))];
}

function containsSecret(value: string | undefined, secrets: readonly string[]): boolean {
  if (!value) return false;
  // JSON can escape any character.
  const json = parseJson(value);
  const text = `${value} ${json === undefined ? '' : JSON.stringify(json)}`.toLowerCase();
  const words = new Set(text.split(/[^a-z0-9]+/).concat(value.trim().toLowerCase()));
  return secrets.some((secret) => secret.length < MIN_CONTAINED_LENGTH ? words.has(secret) : text.includes(secret));
}
