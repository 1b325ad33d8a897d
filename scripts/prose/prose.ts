/** The prose of a Markdown block, and the frame that all rules share. */
import type { TextlintRuleContext, TextlintRuleModule } from '@textlint/types';

/** One violation: where it is in a text, what is wrong, and the remedy. */
export interface Finding {
  readonly index: number;
  readonly length: number;
  readonly message: string;
}

/** A pattern that must not occur, and what to write instead. */
export type Replacement = readonly [pattern: RegExp, remedy: string];

interface MarkdownNode {
  readonly type: string;
  readonly range: readonly [number, number];
  readonly children?: readonly MarkdownNode[];
}

/**
 * The text of a block without its markup. Each character keeps its position.
 * A code span becomes one word of the letter `x`, so it counts as one word and no rule reads it.
 */
export function proseOf(block: MarkdownNode, source: string): string {
  const start = block.range[0];
  const text = [...' '.repeat(source.length)];
  const visit = (node: MarkdownNode) => {
    const [from, to] = [node.range[0] - start, node.range[1] - start];
    for (let index = from; index < to; index++) {
      if (node.type === 'Str') text[index] = source[index];
      if (node.type === 'Code') text[index] = 'x';
    }
    node.children?.forEach(visit);
  };
  visit(block);
  return text.join('');
}

/** All matches of the patterns in the text. */
export function findReplacements(text: string, replacements: readonly Replacement[]): Finding[] {
  return replacements.flatMap(([pattern, remedy]) => [...text.matchAll(pattern)].map((match) => {
    const words = match[0].trim().replace(/\s+/g, ' ');
    return { index: match.index + match[0].search(/\S/), length: words.length, message: `"${words}": ${remedy}` };
  }));
}

/** A textlint rule that reports what `find` finds in each paragraph, heading, and table cell. */
export function proseRule(find: (text: string) => Finding[], blocks = ['Paragraph', 'Header', 'TableCell']): TextlintRuleModule {
  return (context: Readonly<TextlintRuleContext>) => {
    const check = (node: MarkdownNode) => {
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
      const block = node as any;
      for (const { index, length, message } of find(proseOf(node, context.getSource(block)))) {
        const padding = context.locator.range([index, index + length]);
        context.report(block, new context.RuleError(message, { padding }));
      }
    };
    return Object.fromEntries(blocks.map((type) => [type, check]));
  };
}
