import * as fc from 'fast-check';
import { parseNextPage } from '../../../src/engine/registry/registry-connection';

const FROM = new URL('https://registry.example.com/v2/app/');

function next(header: string | undefined): string | undefined {
  return parseNextPage(header, FROM)?.href;
}

test.each([
  ['a path', '</v2/app/tags/list?n=2&last=b>; rel="next"', 'https://registry.example.com/v2/app/tags/list?n=2&last=b'],
  ['a full address', '<https://registry.example.com/v2/app/tags/list?last=b>; rel="next"', 'https://registry.example.com/v2/app/tags/list?last=b'],
  ['an address on another host', '<https://other.example.com/next>; rel="next"', 'https://other.example.com/next'],
  ['a relation without quotes', '</next>; rel=next', 'https://registry.example.com/next'],
  ['a relation in capitals', '</next>; REL="NEXT"', 'https://registry.example.com/next'],
  ['blanks', '  < /next >  ;  rel = "next" ', 'https://registry.example.com/next'],
  ['no blanks', '</next>;rel="next"', 'https://registry.example.com/next'],
  ['other parameters before', '</next>; title="x"; rel="next"', 'https://registry.example.com/next'],
  ['other parameters after', '</next>; rel="next"; title="x"', 'https://registry.example.com/next'],
  ['a comma in the address', '</next?last=a,b>; rel="next"', 'https://registry.example.com/next?last=a,b'],
  ['several links, the next one last', '</first>; rel="first", </next>; rel="next"', 'https://registry.example.com/next'],
  ['several links, the next one first', '</next>; rel="next", </last>; rel="last"', 'https://registry.example.com/next'],
  ['several links without a blank', '</first>; rel="first",</next>; rel="next"', 'https://registry.example.com/next'],
])('%s leads to the next page', (_, header, address) => {
  expect(next(header)).toBe(address);
});

test.each([
  ['no header', undefined],
  ['nothing', ''],
  ['an address without brackets', '/next; rel="next"'],
  ['a link without a relation', '</next>'],
  ['another relation', '</next>; rel="prev"'],
  ['a relation that only begins so', '</next>; rel="nextish"'],
  ['a relation that only ends so', '</next>; rel="unnext"'],
  ['a parameter that only ends so', '</next>; xrel="next"'],
  ['an address that is none', '<http://[>; rel="next"'],
  ['a header of more than 8 KB', `</next?${'x'.repeat(8192)}>; rel="next"`],
])('%s leads nowhere', (_, header) => {
  expect(next(header)).toBeUndefined();
});

test('any address in brackets is the next page, or none, and never an error', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
    expect(() => parseNextPage(`<${text}>; rel="next"`, FROM)).not.toThrow();
  }));
});

test('garbage is never an error', () => {
  const pieces = fc.constantFrom('<', '>', ';', ',', 'rel', '=', '"', 'next', ' ', '/', ':', '\\', '\u0000', 'http://', '%', '?', '\t');
  fc.assert(fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 60 }), (parts) => {
    const page = parseNextPage(parts.join(''), FROM);
    expect(page === undefined || page instanceof URL).toBe(true);
  }), { numRuns: 2000 });
});

test('every path that a registry writes is found again', () => {
  fc.assert(fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
    fc.pre(path.startsWith('/') && !path.startsWith('//'));
    expect(next(`<${path}?${query}>; rel="next"`)).toBe(new URL(`${path}?${query}`, FROM).href);
  }));
});
