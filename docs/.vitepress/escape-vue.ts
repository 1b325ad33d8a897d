/** Pages are plain Markdown: braces and placeholders such as `<account>` in them are text, not Vue templates. */
import type { MarkdownRenderer } from 'vitepress';

const DIAGRAMS = 'https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/blob/main/docs';

/** HTML that GitHub shows as well. */
const HTML = /^(?:<!--|<\/?(?:a|br|details|div|img|kbd|p|picture|source|sub|summary|sup)\b)/;

export function escapeVue(markdown: MarkdownRenderer): void {
  const { escapeHtml } = markdown.utils;
  const escapeBraces = (text: string) => text.replaceAll('{{', '&#123;&#123;');
  for (const rule of ['html_inline', 'html_block'] as const) {
    markdown.renderer.rules[rule] = (tokens, index) => {
      const { content } = tokens[index];
      // VitePress itself adds entities, such as the text of anchors.
      return HTML.test(content.trim()) || content.startsWith('&') ? content : escapeBraces(escapeHtml(content));
    };
  }
  markdown.renderer.rules.code_inline = (tokens, index, _options, _environment, self) => {
    return `<code${self.renderAttrs(tokens[index])}>${escapeBraces(escapeHtml(tokens[index].content))}</code>`;
  };
  markdown.renderer.rules.text = (tokens, index) => escapeBraces(escapeHtml(tokens[index].content));

  // GitHub draws Mermaid diagrams; the site links to them.
  const fence = markdown.renderer.rules.fence!;
  markdown.renderer.rules.fence = (tokens, index, options, environment, self) => {
    if (tokens[index].info.trim() !== 'mermaid') return fence(tokens, index, options, environment, self);
    return `<p><a href="${DIAGRAMS}/${environment.relativePath}">Diagram on GitHub</a></p>`;
  };
}
