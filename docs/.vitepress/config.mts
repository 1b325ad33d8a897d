/** The site of the documentation. The same pages are readable on GitHub. */
import { defineConfig } from 'vitepress';
import { escapeVue } from './escape-vue';
import { SIDEBAR } from './sidebar';

const REPOSITORY = 'https://github.com/cdk-ecr-mirror/cdk-ecr-mirror';

export default defineConfig({
  title: 'cdk-ecr-mirror',
  description: 'Mirror public container images into Amazon ECR with the AWS CDK',
  base: '/cdk-ecr-mirror/',
  lang: 'en-US',
  markdown: { config: escapeVue },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: SIDEBAR,
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'API', link: `${REPOSITORY}/blob/main/API.md` },
      { text: 'Changelog', link: `${REPOSITORY}/releases` },
    ],
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path` },
    footer: { message: 'Apache-2.0' },
  },
});
