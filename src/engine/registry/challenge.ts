/**
 * The challenge in a registry's `WWW-Authenticate` header.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */

/** A challenge with a scheme that the engine supports. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service?: string; readonly scope?: string };

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
/** A value without quotes. RFC 9110 allows a token only, but some registries also write URLs and scopes this way. */
const UNQUOTED = /[^\s,;"]+/y;
const MAX_HEADER_LENGTH = 8192;

/** Parses the first supported challenge of a header. Bearer is preferred to Basic, because it is the scheme of the OCI distribution specification. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > MAX_HEADER_LENGTH) return undefined;
  const challenges = parseChallenges(header);
  const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
  if (bearer) {
    const { parameters } = bearer;
    return { scheme: 'bearer', realm: parameters.get('realm')!, service: parameters.get('service'), scope: parameters.get('scope') };
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined;
}

/** A challenge of any scheme. */
interface RawChallenge {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

/**
 * Parses `Scheme name=value, name="value", Scheme …`, up to the first character that does not have this form.
 *
 * As in the Go clients, a blank value counts as absent, and the last of several values counts. Commas may be missing, or be semicolons.
 */
function parseChallenges(header: string): RawChallenge[] {
  const challenges: RawChallenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const separator = () => take(/[\s,;]*/y);
  for (separator(); at < header.length; separator()) {
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) break;
    if (!take(/\s*=\s*/y)) {
      challenges.push({ scheme: name, parameters: new Map() });
      take(/ +[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y); // the token68 form: a scheme with a single value
      continue;
    }
    const value = take(QUOTED)?.[1].replace(/\\(.)/g, '$1') ?? take(UNQUOTED)?.[0] ?? '';
    const challenge = challenges.at(-1);
    if (challenge === undefined) break;
    if (value.trim() !== '') challenge.parameters.set(name, value);
  }
  return challenges;
}
