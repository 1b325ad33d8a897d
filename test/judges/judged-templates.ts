/** The templates of all judged apps, synthesized once, as the CDK's command synthesizes them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App } from 'aws-cdk-lib';
import { EXAMPLES, JUDGED_APPS } from './judged-apps';
import { CLI_CONTEXT } from '../../bench/synth/cli-context';
import { createCertificates } from '../support/certificate';
import { ALL_CASES } from '../support/random-cases';
import { COMMERCIAL, Deployment, TemplateJson, TemplateResolver } from '../support/template-resolver';

/** An old, large Region and a new, small one. CloudFormation has CodeBuild in both. */
const TWO_REGIONS = ['us-east-1', 'il-central-1'];
/** More Regions in scheduled CI. cfn-lint needs the same time again for each of them. */
const REGIONS = ALL_CASES ? [...TWO_REGIONS, 'us-west-2', 'eu-west-1', 'eu-central-2', 'ap-southeast-2', 'sa-east-1'] : TWO_REGIONS;

/** That of the CDK's command, and no copies of assets, which nothing reads here. */
const CONTEXT = { ...CLI_CONTEXT, 'aws:cdk:disable-asset-staging': true };

/** A template. */
export interface JudgedTemplate {
  /** The app and the stack. */
  readonly name: string;
  readonly file: string;
  readonly template: TemplateJson;
  readonly resolver: TemplateResolver;
}

/** All templates, in a folder that is removed by `dispose()`. */
export class JudgedTemplates {
  static async synthesize(): Promise<JudgedTemplates> {
    const folder = mkdtempSync(path.join(tmpdir(), 'judged-templates-'));
    const certificates = await createCertificates(['registry.example.com']);
    try {
      const apps = JUDGED_APPS.map(({ name, define, regions = REGIONS }) => {
        const app = new App({ outdir: path.join(folder, name), analyticsReporting: false, context: CONTEXT });
        define(app, certificates.authorityFile);
        app.synth();
        return readTemplates(name, path.join(folder, name), regions);
      });
      const examples = EXAMPLES.map(({ name, file }) => readTemplates(name, synthesizeExample(file), ['us-east-1']));
      return new JudgedTemplates(folder, [...apps, ...examples].flat());
    } finally {
      await certificates.dispose();
    }
  }

  private constructor(readonly folder: string, readonly templates: readonly JudgedTemplate[]) {}

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs an example, which is an app that synthesizes itself, without the context of the CDK's command. Returns the folder that it writes. */
function synthesizeExample(file: string): string {
  const synth = jest.spyOn(App.prototype, 'synth');
  try {
    jest.requireActual(file);
    return synth.mock.results[0].value.directory;
  } finally {
    synth.mockRestore();
  }
}

function readTemplates(app: string, folder: string, regions: readonly string[]): JudgedTemplate[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.template.json')).sort();
  if (files.length === 0) throw new Error(`${app} wrote no template`);
  const deployment: Deployment = regions[0].startsWith('cn-')
    ? { ...COMMERCIAL, partition: 'aws-cn', region: regions[0], urlSuffix: 'amazonaws.com.cn' }
    : { ...COMMERCIAL, region: regions[0] };
  const parsed = files.map((file) => ({ file: path.join(folder, file), template: JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as TemplateJson }));
  const exporters: TemplateResolver[] = [];
  for (const { template } of parsed) exporters.push(new TemplateResolver(template, deployment, exporters));
  return parsed.map(({ file, template }, index) => {
    // cfn-lint reads the Regions from here.
    writeFileSync(file, JSON.stringify({ ...template, Metadata: { 'cfn-lint': { config: { regions } } } }));
    return { name: `${app}/${path.basename(file, '.template.json')}`, file, template, resolver: exporters[index] };
  });
}
