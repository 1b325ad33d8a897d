/**
 * What a registry asks for in `WWW-Authenticate`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */

/** A challenge that the engine can answer. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service?: string; readonly scope?: string };

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const LONGEST_HEADER = 8192;

/** The first challenge of a header that can be answered: Bearer before Basic, as it was built for registries. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > LONGEST_HEADER) return undefined;
  const offers = parseOffers(header);
  const bearer = offers.find((offer) => offer.scheme === 'bearer' && offer.parameters.has('realm'));
  if (bearer) {
    return { scheme: 'bearer', realm: bearer.parameters.get('realm')!, service: bearer.parameters.get('service'), scope: bearer.parameters.get('scope') };
  }
  return offers.some((offer) => offer.scheme === 'basic') ? { scheme: 'basic' } : undefined;
}

interface Offer {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

/** Reads `Scheme name=value, name="value", Scheme …`; what does not fit that form ends the reading. */
function parseOffers(header: string): Offer[] {
  const offers: Offer[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const separator = () => take(/[\s,]*/y);
  for (separator(); at < header.length; separator()) {
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) break;
    if (!take(/\s*=\s*/y)) {
      offers.push({ scheme: name, parameters: new Map() });
      take(/ +[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y); // a scheme of another kind, with one value of its own
      continue;
    }
    const value = take(QUOTED)?.[1].replace(/\\(.)/g, '$1') ?? take(TOKEN)?.[0];
    const offer = offers.at(-1);
    if (value === undefined || offer === undefined) break;
    if (!offer.parameters.has(name)) offer.parameters.set(name, value);
  }
  return offers;
}
