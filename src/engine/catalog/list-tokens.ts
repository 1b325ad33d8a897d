import { CST, Lexer } from 'yaml';

/** Deeper than any entry is; what parses YAML calls itself for each level. */
const DEEPEST = 8;

/** What a list has no use for and what has been used for attacks: references to other parts, types, directives, keys that are no texts. */
const REFUSED: Readonly<Record<string, string>> = {
  'anchor': 'an anchor ("&")',
  'alias': 'an alias ("*", which is no alias in quotes)',
  'tag': 'a tag ("!")',
  'directive-line': 'a directive ("%")',
  'explicit-key-ind': 'a key with a "?" before it',
};

const WHITE_SPACE = ['space', 'newline', 'comment'];
const OPENING = ['flow-map-start', 'flow-seq-start'];
const CLOSING = ['flow-map-end', 'flow-seq-end'];

/** What a document is not made of. */
const AROUND_DOCUMENTS = [...WHITE_SPACE, 'byte-order-mark', 'doc-mode', 'doc-start', 'doc-end'];

/** Marks of the lexer itself, which are not in the text. */
const MARKS = ['doc-mode', 'scalar', 'flow-error-end'];

/**
 * What keeps a text from being a list, in words that name the line, as far as its tokens tell; undefined when nothing does.
 *
 * It is to be asked before the text is parsed, for some texts take the parser minutes, or all of its stack.
 */
export function tokenProblem(text: string): string | undefined {
  const reader = new TokenReader();
  for (const token of new Lexer().lex(text)) {
    const problem = reader.take(token);
    if (problem !== undefined) return `line ${reader.line}: ${problem}`;
  }
  return undefined;
}

/** Reads the tokens of a text one by one. */
class TokenReader {
  /** The line that the next token is on. */
  line = 1;
  private column = 0;
  /** The type of the last token that was no white space. */
  private before = '';
  /** How many brackets are open. */
  private brackets = 0;
  /** The columns that the lists and objects around the next token start in, outside of brackets. */
  private readonly columns: number[] = [];
  /** Where the line starts, or what is behind a dash. */
  private start?: number;
  /** Whether there is a key whose value ends with the line or at a comma. */
  private hasKey = false;
  private documents = 0;
  private hasContent = false;
  private isOver = false;

  /** Takes one more token into account; returns what is wrong with it. */
  take(token: string): string | undefined {
    // What follows the mark of a scalar is its text, whatever it looks like.
    const type: string = this.before === 'scalar' ? 'content' : CST.tokenType(token) ?? 'content';
    const problem = this.documentProblem(type) ?? this.commaProblem(type) ?? this.nestingProblem(type) ?? refusal(type);
    if (problem !== undefined) return problem;
    if (!WHITE_SPACE.includes(type)) this.before = type;
    if (!MARKS.includes(type)) this.pass(token);
    return undefined;
  }

  private pass(token: string): void {
    const lastLine = token.slice(token.lastIndexOf('\n') + 1);
    this.column = lastLine.length === token.length ? this.column + token.length : lastLine.length;
    for (let at = token.indexOf('\n'); at !== -1; at = token.indexOf('\n', at + 1)) this.line++;
  }

  /** The parser would take the first document, and say nothing of the others. */
  private documentProblem(type: string): string | undefined {
    const isContent = !AROUND_DOCUMENTS.includes(type);
    const isSecond = type === 'doc-start' && (this.hasContent || this.documents > 0 || this.isOver);
    if (isSecond || (isContent && this.isOver)) return 'it is several documents; write one';
    if (type === 'doc-start') this.documents++;
    if (type === 'doc-end') this.isOver = true;
    this.hasContent ||= isContent;
    return undefined;
  }

  private commaProblem(type: string): string | undefined {
    return type === 'comma' && this.before === 'comma' ? 'there is nothing between two commas' : undefined;
  }

  private nestingProblem(type: string): string | undefined {
    if (type === 'map-value-ind' && this.hasKey) return 'there is a ":" too many; put a text that holds one in quotes';
    if (this.brackets === 0) this.followLine(type);
    this.hasKey = (this.hasKey || type === 'map-value-ind') && !this.beginsAnew(type);
    if (OPENING.includes(type)) this.brackets++;
    if (CLOSING.includes(type) && --this.brackets < 0) return 'a bracket closes nothing';
    return this.columns.length + this.brackets > DEEPEST ? 'it is nested too deeply' : undefined;
  }

  /** Outside of brackets, what is nested is further to the right, or behind a dash. */
  private followLine(type: string): void {
    if (type === 'seq-item-ind') this.open(this.column);
    if (this.beginsAnew(type)) this.start = undefined;
    else if (!WHITE_SPACE.includes(type)) this.start ??= this.column;
    if (type === 'map-value-ind') this.open(this.start!);
  }

  /** Whether another key may follow. */
  private beginsAnew(type: string): boolean {
    if (OPENING.includes(type)) return true;
    return this.brackets > 0 ? type === 'comma' : type === 'newline' || type === 'seq-item-ind';
  }

  private open(column: number): void {
    while (this.columns.length > 0 && this.columns[this.columns.length - 1] > column) this.columns.pop();
    if (this.columns[this.columns.length - 1] !== column) this.columns.push(column);
  }
}

function refusal(type: string): string | undefined {
  return REFUSED[type] && `it has ${REFUSED[type]}, which a catalog does not take`;
}
