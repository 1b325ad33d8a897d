/**
 * The address of the next page in a `Link` header; undefined when there is none.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8288
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-tags
 */
export function nextPage(header: string | undefined, from: URL): URL | undefined {
  if (header === undefined || header.length > LONGEST_HEADER) return undefined;
  for (const link of header.split(/,\s*(?=<)/)) {
    const match = /^\s*<([^<>]*)>([^<>]*)$/.exec(link);
    if (match && /;\s*rel\s*=\s*"?next"?\s*(?:;|$)/i.test(match[2]) && URL.canParse(match[1], from.href)) return new URL(match[1], from);
  }
  return undefined;
}

const LONGEST_HEADER = 8192;
