/** The prose in TypeScript: comments, and strings of several words such as error messages. */
import * as ts from 'typescript';

/** A piece of prose, and the line that it starts on. */
export interface CodeProse {
  readonly kind: 'comment' | 'string';
  readonly line: number;
  readonly text: string;
}

/** Code in prose: what backticks, quotes, or `{@link …}` enclose, and the tags of docstrings. */
const CODE = /`[^`]*`|"[^"\n]*"|\{@\w+ [^}]*\}|@\w+/g;

export function proseOfCode(source: string): CodeProse[] {
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.ES2022, true);
  const found = new Map<number, CodeProse>();
  const add = (kind: CodeProse['kind'], position: number, text: string) => {
    const line = file.getLineAndCharacterOfPosition(position).line + 1;
    found.set(position, { kind, line, text: text.replace(CODE, (code) => code.replace(/[^\n]/g, 'x')) });
  };
  const visit = (node: ts.Node) => {
    const comments = [ts.getLeadingCommentRanges(source, node.getFullStart()), ts.getTrailingCommentRanges(source, node.end)];
    for (const { pos, end } of comments.flatMap((ranges) => ranges ?? [])) {
      add('comment', pos, withoutExamples(source.slice(pos, end)));
    }
    if (isProse(node)) add('string', node.getStart(), node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...found.values()];
}

/** The comment without its stars and its blocks of code. */
function withoutExamples(comment: string): string {
  return comment.replace(/```[\s\S]*?```/g, (block) => block.replace(/[^\n]/g, ' ')).replace(/^(?:\s*\*+|\s*\/\*+|\/\/)/gm, '');
}

/** A literal of at least three words. */
function isProse(node: ts.Node): node is ts.LiteralLikeNode {
  const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)
    || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
  return isText && /\w+\s+\w+\s+\w+/.test(node.text);
}
