// The examples of README.md and of docstrings, which jsii-rosetta translates when the package is built: the translations are valid.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from './programs.mjs';
import { syntaxErrors } from './syntax.mjs';

/** What makes a translation useless, although its syntax can be valid, and what to do in TypeScript. */
const DEFECTS = [
  [/new Struct \{/, 'an object within an object without a type cannot be translated; use a class or a function of the CDK instead'],
  [/\((?:\w+(?:Expression|Element|Assignment|Declaration|Statement|Literal|Operator|Keyword)) /, 'jsii-rosetta cannot translate this syntax; write simpler code'],
  [/^[ \t]*declare /m, 'a declaration is not translated; declare constants only: "declare const name: Type;"'],
  [/automatically generated/, 'the example is a generated one'],
  [/^(?:#|\/\/) \w+: any$|\bany \w+;$/m, 'a constant has the type "any"; declare its type'],
];

/** The place of an example: a line of README.md, or of the source file of a type or member. */
function placeOf({ api, field }, assembly) {
  if (api.api === 'moduleReadme') return `README.md:${field?.line ?? '?'}`;
  const { locationInModule: place, symbolId } = assembly.types[api.fqn] ?? {};
  const file = place ? `${place.filename}:${place.line}` : symbolId ?? '?';
  return `${file} (${[api.fqn, api.memberName].filter((name) => name !== undefined).join('.')})`;
}

/** A comment behind a statement appears twice in some languages. */
function repeatedComments(name, { $: original, ...translations }) {
  const comments = new Set([...original.source.matchAll(/\/\/ (.+)$/gm)].map(([, comment]) => comment.trim()));
  const count = (source, text) => source.split(text).length;
  return [...comments].flatMap((comment) => {
    const languages = Object.keys(translations).filter((language) => count(translations[language].source, comment) > count(original.source, comment));
    return languages.length === 0 ? [] : [{ name, language: languages.join(', '), problem: `the comment "${comment}" appears twice; put it on a line above the statement` }];
  });
}

export async function checkSnippets(workspace) {
  let tablet;
  try {
    tablet = JSON.parse(readFileSync(path.join(ROOT, '.jsii.tabl.json'), 'utf8'));
  } catch {
    throw new Error('.jsii.tabl.json is missing; run "npm run build:package"');
  }
  const assembly = JSON.parse(readFileSync(path.join(ROOT, '.jsii'), 'utf8'));
  const pieces = Object.values(tablet.snippets).flatMap(({ location, translations }) => {
    return Object.entries(translations).map(([language, { source }]) => ({ name: placeOf(location, assembly), language, source }));
  });
  const translations = pieces.filter(({ language }) => language !== '$');
  const problems = [
    ...Object.values(tablet.snippets).flatMap(({ location, translations: all }) => repeatedComments(placeOf(location, assembly), all)),
    ...await syntaxErrors(workspace, translations),
    ...translations.flatMap(({ name, language, source }) => {
      return DEFECTS.filter(([pattern]) => pattern.test(source)).map(([pattern, problem]) => ({ name, language, problem: `"${pattern.exec(source)[0].trim()}": ${problem}` }));
    }),
  ];
  if (problems.length > 0) throw new Error(`examples are not valid in other languages:\n${problems.map(({ name, language, problem }) => `  ${name}: ${language}: ${problem}`).join('\n')}`);
  return `${Object.keys(tablet.snippets).length} examples in ${new Set(translations.map(({ language }) => language)).size} languages`;
}
