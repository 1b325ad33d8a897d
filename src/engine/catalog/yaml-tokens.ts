import { CST, Lexer } from 'yaml';

/** The maximum depth of nested lists and objects, which is more than a catalog entry needs. */
const MAX_DEPTH = 8;

/** YAML features that catalogs don't need and attacks use: references, types, directives, and keys that are not strings. */
const UNSUPPORTED_TOKENS: Readonly<Record<string, string>> = {
  'anchor': 'anchors ("&")',
  'alias': 'aliases ("*"); put a value that starts with "*" in quotes',
  'tag': 'tags ("!")',
  'directive-line': 'directives ("%")',
  'explicit-key-ind': 'keys with "?"',
};

const WHITE_SPACE = ['space', 'newline', 'comment'];
const OPENING_BRACKETS = ['flow-map-start', 'flow-seq-start'];
const CLOSING_BRACKETS = ['flow-map-end', 'flow-seq-end'];

/** Tokens that don't belong to the content of a document. */
const NOT_CONTENT = [...WHITE_SPACE, 'byte-order-mark', 'doc-mode', 'doc-start', 'doc-end'];

/** Control tokens that the lexer adds, which are not in the text. */
const CONTROL_TOKENS = ['doc-mode', 'scalar', 'flow-error-end'];

/**
 * Finds problems that must be rejected before the text is parsed. Returns the problem with its line, or undefined.
 *
 * The `yaml` library itself takes up to 12 s and 732 MB for 512 KB of hostile text, and its parser overflows the stack on nested keys. A smaller size
 * limit doesn't help: 8 KB are enough to overflow the stack. With this check, the worst text takes 5 s and 294 MB, and 5,000 entries take 1.5 s.
 */
export function tokenProblem(text: string): string | undefined {
  const checker = new TokenChecker();
  for (const token of new Lexer().lex(text)) {
    const problem = checker.check(token);
    if (problem !== undefined) return `line ${checker.line}: ${problem}`;
  }
  return undefined;
}

/** Checks the tokens of a text one by one. */
class TokenChecker {
  /** The line of the next token. */
  line = 1;
  private column = 0;
  /** The type of the last token that is not white space. */
  private previousType = '';
  /** The number of open brackets. */
  private openBrackets = 0;
  /** The start columns of the lists and objects that contain the next token. Without those in brackets. */
  private readonly columns: number[] = [];
  /** The start column of the line's content, or of the content after a dash. */
  private contentColumn?: number;
  /** Whether there is a key with a value that ends with the line or at a comma. */
  private hasKey = false;
  private documents = 0;
  private hasContent = false;
  private hasEnded = false;

  /** Checks the next token. Returns the problem, or undefined. */
  check(token: string): string | undefined {
    // The token after a scalar's control token is its text, even when it looks like another token.
    const type: string = this.previousType === 'scalar' ? 'content' : CST.tokenType(token) ?? 'content';
    const problem = this.documentProblem(type) ?? this.commaProblem(type) ?? this.nestingProblem(type) ?? unsupportedProblem(type);
    if (problem !== undefined) return problem;
    if (!WHITE_SPACE.includes(type)) this.previousType = type;
    if (!CONTROL_TOKENS.includes(type)) this.advance(token);
    return undefined;
  }

  private advance(token: string): void {
    const lastLine = token.slice(token.lastIndexOf('\n') + 1);
    this.column = lastLine.length === token.length ? this.column + token.length : lastLine.length;
    for (let index = token.indexOf('\n'); index !== -1; index = token.indexOf('\n', index + 1)) this.line++;
  }

  /** The library would parse the first document and ignore the others. */
  private documentProblem(type: string): string | undefined {
    const isContent = !NOT_CONTENT.includes(type);
    const isSecond = type === 'doc-start' && (this.hasContent || this.documents > 0 || this.hasEnded);
    if (isSecond || (isContent && this.hasEnded)) return 'several documents are not supported; write a single document';
    if (type === 'doc-start') this.documents++;
    if (type === 'doc-end') this.hasEnded = true;
    this.hasContent ||= isContent;
    return undefined;
  }

  private commaProblem(type: string): string | undefined {
    return type === 'comma' && this.previousType === 'comma' ? 'there is no value between two commas; remove a comma' : undefined;
  }

  private nestingProblem(type: string): string | undefined {
    if (type === 'map-value-ind' && this.hasKey) return 'unexpected ":"; put a value that contains ": " in quotes';
    if (this.openBrackets === 0) this.trackIndentation(type);
    this.hasKey = (this.hasKey || type === 'map-value-ind') && !this.allowsNewKey(type);
    if (OPENING_BRACKETS.includes(type)) this.openBrackets++;
    if (CLOSING_BRACKETS.includes(type) && --this.openBrackets < 0) return 'a closing bracket has no opening bracket';
    return this.columns.length + this.openBrackets > MAX_DEPTH ? `more than ${MAX_DEPTH} nested levels are not supported` : undefined;
  }

  /** Outside of brackets, a nested list or object starts in a later column, or after a dash. */
  private trackIndentation(type: string): void {
    if (type === 'seq-item-ind') this.openCollection(this.column);
    if (this.allowsNewKey(type)) this.contentColumn = undefined;
    else if (!WHITE_SPACE.includes(type)) this.contentColumn ??= this.column;
    if (type === 'map-value-ind') this.openCollection(this.contentColumn!);
  }

  /** Whether another key may follow the token. */
  private allowsNewKey(type: string): boolean {
    if (OPENING_BRACKETS.includes(type)) return true;
    return this.openBrackets > 0 ? type === 'comma' : type === 'newline' || type === 'seq-item-ind';
  }

  private openCollection(column: number): void {
    while (this.columns.length > 0 && this.columns[this.columns.length - 1] > column) this.columns.pop();
    if (this.columns[this.columns.length - 1] !== column) this.columns.push(column);
  }
}

function unsupportedProblem(type: string): string | undefined {
  return UNSUPPORTED_TOKENS[type] && `a catalog doesn't support ${UNSUPPORTED_TOKENS[type]}`;
}
