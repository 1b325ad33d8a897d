import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageMirror, RegistryScanning, RegistryScanningProps, RegistryScanType } from '../../src';
import { singleImage } from '../support/fixture-images';
import { LocalEcr } from '../support/local-ecr';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

const ENVIRONMENT = { account: '111122223333', region: 'eu-west-1' };
const SCANNING = 'AWS::ECR::RegistryScanningConfiguration';

let app: App;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ app, stack, mirror } = mirrorStack({ images: ['nginx:stable'] }, { env: ENVIRONMENT }));
});

function define(props: RegistryScanningProps = { mirrors: [mirror] }, scope: Stack = stack): RegistryScanning {
  return new RegistryScanning(scope, 'Scanning', props);
}

/** The rules of the template: the filters of each frequency. */
function rulesOf(of: Stack = stack) {
  const resolver = new TemplateResolver(Template.fromStack(of).toJSON());
  const { Rules, ScanType } = resolver.properties(resolver.ids(SCANNING)[0]);
  const rules: { ScanFrequency: string; RepositoryFilters: { Filter: string; FilterType: string }[] }[] = Rules;
  expect(new Set(rules.flatMap((rule) => rule.RepositoryFilters.map(({ FilterType }) => FilterType)))).toEqual(new Set(['WILDCARD']));
  return [ScanType, Object.fromEntries(rules.map((rule) => [rule.ScanFrequency, rule.RepositoryFilters.map(({ Filter }) => Filter)]))];
}

const OWN = ['mirror-held*', 'mirror/*', 'mirror-floating/*'];

test('a mirror does not define the scanning rules of the registry', () => {
  Template.fromStack(stack).resourceCountIs(SCANNING, 0);
});

test('basic scanning scans the quarantine and the repositories of a mirror on push', () => {
  define();
  expect(rulesOf()).toEqual(['BASIC', { SCAN_ON_PUSH: OWN }]);
});

test('enhanced scanning scans the repositories of a mirror continuously, and others as the app says', () => {
  define({ mirrors: [mirror], scanType: RegistryScanType.ENHANCED, scanOnPushFilters: ['team-*'], continuousFilters: ['production'] });
  expect(rulesOf()).toEqual(['ENHANCED', { CONTINUOUS_SCAN: [...OWN, 'production'], SCAN_ON_PUSH: ['team-*'] }]);
});

test('the quarantine alone can be scanned', () => {
  define({ mirrors: [mirror], servedRepositories: false });
  expect(rulesOf()).toEqual(['BASIC', { SCAN_ON_PUSH: ['mirror-held*'] }]);
});

test('the rules cover several mirrors, and each filter is there once', () => {
  const other = new ImageMirror(stack, 'Other', { images: ['nginx:stable'], repositoryPrefix: 'platform/upstream' });
  define({ mirrors: [mirror, other, mirror], scanOnPushFilters: ['mirror/*'] });
  expect(rulesOf()).toEqual(['BASIC', { SCAN_ON_PUSH: [...OWN, 'platform/upstream-held*', 'platform/upstream/*', 'platform/upstream-floating/*'] }]);
});

test('the rules cover repositories with a name that the app chose, also those that are added later', () => {
  define();
  mirror.addImage('redis:7.4.1', { repositoryName: 'cache/redis' });
  expect(rulesOf()).toEqual(['BASIC', { SCAN_ON_PUSH: [...OWN, 'cache/redis'] }]);
});

test('the rules work without a mirror', () => {
  define({ scanOnPushFilters: ['team-*'] });
  expect(rulesOf()).toEqual(['BASIC', { SCAN_ON_PUSH: ['team-*'] }]);
});

test('the rules make the local Amazon ECR scan the images of the quarantine', async () => {
  define();
  const ecrOfAccount = await new LocalEcr(['mirror-held', 'team/app']).start();
  const [, { SCAN_ON_PUSH: filters }] = rulesOf() as [string, { SCAN_ON_PUSH: string[] }];
  ecrOfAccount.scans.configuration = { scanType: 'BASIC', rules: [{ scanFrequency: 'SCAN_ON_PUSH', filters }] };
  const describe = (repositoryName: string, { digest }: { digest: string }) => {
    return ecrOfAccount.scans.operation('DescribeImageScanFindings')!({ registryId: '123456789012', repositoryName, imageId: { imageDigest: digest } });
  };
  const image = singleImage();
  ecrOfAccount.push('mirror-held', undefined, image);
  ecrOfAccount.push('team/app', undefined, image);
  expect(describe('mirror-held', image)).toMatchObject({ imageScanStatus: { status: 'COMPLETE' } });
  expect(() => describe('team/app', image)).toThrow('Image scan does not exist');
  await ecrOfAccount.close();
});

test('the rules are there before the first copies of their stack', () => {
  define();
  const template = Template.fromStack(stack);
  const [id] = Object.keys(template.findResources(SCANNING));
  const projects = Object.values(template.findResources('AWS::CodeBuild::Project'));
  expect(projects.map(({ DependsOn }) => DependsOn)).toContainEqual(expect.arrayContaining([id]));
});

test('two of them in one account and Region are an error that names both', () => {
  define();
  const other = new Stack(app, 'Other', { env: ENVIRONMENT });
  define({ scanOnPushFilters: ['team-*'] }, other);
  expect(() => app.synth()).toThrow(/\[Platform\/Scanning\] an account has one scanning configuration in each Region, but "Other\/Scanning\/Resource" defines another/);
  expect(() => app.synth()).toThrow(/\[Other\/Scanning\] .*"Platform\/Scanning\/Resource" defines another/);
});

test('a configuration of the app itself counts too', () => {
  define();
  new ecr.CfnRegistryScanningConfiguration(stack, 'Own', { scanType: 'BASIC', rules: [] });
  expect(() => app.synth()).toThrow('"Platform/Own" defines another, which would replace this one or be replaced; merge them into one RegistryScanning');
});

test('another Region has rules of its own', () => {
  define();
  define({ scanOnPushFilters: ['team-*'] }, new Stack(app, 'Other', { env: { ...ENVIRONMENT, region: 'us-east-1' } }));
  expect(() => app.synth()).not.toThrow();
});

test('a mirror in another account is an error', () => {
  const other = new Stack(app, 'Other', { env: { ...ENVIRONMENT, account: '444455556666' } });
  expect(() => define({ mirrors: [mirror] }, other)).toThrow('define the scanning rules in the account and Region of the mirror');
});

test('more filters than Amazon ECR allows are an error', () => {
  define({ scanOnPushFilters: Array.from({ length: 101 }, (_, index) => `team-${index}`) });
  expect(() => app.synth()).toThrow('a scanning rule has 101 repository filters, and Amazon ECR allows 100; use wildcards');
});

test('all mistakes are in one error', () => {
  expect(() => define({ scanOnPushFilters: ['Team', 'team-*', 'a'.repeat(256)], continuousFilters: ['prod*'] })).toThrow(
    /"Platform\/Scanning": "Team" is not a valid repository filter; use 1 to 255 .*"aaa.*continuousFilters requires enhanced scanning/,
  );
});

test('rules for nothing are an error', () => {
  expect(() => define({})).toThrow('there is nothing to scan; set mirrors, scanOnPushFilters, or continuousFilters');
});
