/** The pages of the site, in the order of its sidebar. A test compares them with the files of docs/. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Item {
  readonly text: string;
  readonly link: string;
}

interface Group {
  readonly text: string;
  readonly collapsed?: boolean;
  readonly items: Item[];
}

const group = (text: string, pages: Record<string, string>): Group => ({
  text,
  items: Object.entries(pages).map(([link, title]) => ({ text: title, link: `/${link}` })),
});

const DECISIONS = join(__dirname, '..', 'adr');

/** All decision records, under their own titles. */
function decisions(): Item[] {
  return readdirSync(DECISIONS).sort().map((file) => ({
    text: readFileSync(join(DECISIONS, file), 'utf8').match(/^# (.*)$/m)![1],
    link: `/adr/${file.replace('.md', '')}`,
  }));
}

export const SIDEBAR: Group[] = [
  group('Start', {
    'getting-started': 'Getting started',
    'how-it-works': 'How it works',
    'choosing': 'Mirror or pull-through cache',
    'languages': 'Languages',
  }),
  group('Features', {
    'images': 'Images',
    'tag-immutability': 'Tag immutability',
    'deployment': 'Deployment',
    'schedules': 'Schedules',
    'consumers': 'Consumers',
    'credentials': 'Credentials',
    'catalog': 'Image catalogs',
    'customized-images': 'Customized images',
    'pull-through-cache': 'Pull-through cache',
    'replication': 'Replication and other accounts',
    'shared-mirrors': 'Shared mirrors',
    'retention': 'Retention',
    'monitoring': 'Monitoring and alarms',
    'compute': 'Compute',
    'network': 'Network',
    'registries': 'Registries',
    'encryption': 'Encryption',
  }),
  group('Checks of new images', {
    'admission': 'Admission',
    'signatures': 'Signatures',
    'scanning': 'Scanning',
    'lock-file': 'Lock file',
    'releasing-images': 'Releasing images',
  }),
  group('Security', { security: 'Security model', permissions: 'Permissions', verified: 'Verified on AWS' }),
  group('Operations', {
    'runbook': 'Runbook',
    'troubleshooting': 'Troubleshooting',
    'adopt': 'Adopting repositories',
    'uninstalling': 'Uninstalling',
    'quotas': 'Quotas',
    'regions': 'Regions',
  }),
  group('Costs and performance', { cost: 'Costs', performance: 'Performance', fleets: 'Fleets' }),
  group('Reference', {
    'command-line': 'Command line',
    'events': 'Events',
    'results': 'Results and exit codes',
    'environment-variables': 'Environment variables',
    'warnings': 'Warnings',
  }),
  group('Migrating', {
    'migrating/': 'Overview',
    'migrating/script': 'Pull-tag-push script',
    'migrating/codebuild-console': 'CodeBuild project',
    'migrating/cdk-ecr-deployment': 'cdk-ecr-deployment',
    'migrating/delivlib': 'delivlib EcrMirror',
    'migrating/terraform': 'Terraform clone module',
    'migrating/regsync': 'regsync',
    'migrating/pull-through-cache': 'Pull-through cache',
  }),
  group('Contributing', { community: 'Community and support', releases: 'Releases', architecture: 'Architecture' }),
  { text: 'Decisions', collapsed: true, items: decisions() },
];
