/** The checks of new images of a catalog, as a template has them. */
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { AdmissionMode, FindingSeverity, ImageCatalog, ImageMirror, ImageMirrorProps, OnUpstreamGone } from '../../src';
import { MirroredCatalogOptions } from '../../src/catalog/mirrored-catalog-options';
import { buildSchedules } from '../support/local-scheduler';
import { TemplateResolver } from '../support/template-resolver';
import { withFolder } from '../support/with-folder';

const folder = withFolder();
let stack: Stack;

beforeEach(() => { stack = new Stack(new App(), 'Platform'); });

const parameter = () => ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images'));
const define = (options: MirroredCatalogOptions, props: ImageMirrorProps = {}, catalog = parameter()) => new ImageMirror(stack, 'Mirror', props).addCatalog('Teams', catalog, options);
const deployed = () => new TemplateResolver(Template.fromStack(stack).toJSON());
const admissionOf = () => buildSchedules(deployed()).map(({ variables: { ADMISSION } }) => ADMISSION && JSON.parse(ADMISSION));
const heldRepositories = () => Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository', { Properties: { RepositoryName: 'mirror-held' } }));

function file(entry: string): ImageCatalog {
  writeFileSync(path.join(folder, 'images.yaml'), `images:\n  - ${entry}\n`);
  return ImageCatalog.fromFile(path.join(folder, 'images.yaml'));
}

const days = (count: number) => ({ minimumAge: Duration.days(count) });
const CHECKED = '{ image: "nginx:stable", admission: { minimumAge: 3 } }';

test('without checks, a catalog adds no quarantine and no variable', () => {
  define({});
  expect([admissionOf(), heldRepositories()]).toEqual([[undefined], []]);
});

test('the checks of the mirror are not repeated in the runs of a catalog', () => {
  define({}, { admission: days(2) });
  expect([admissionOf(), heldRepositories()]).toEqual([[undefined], [expect.anything()]]);
});

test('a catalog replaces single checks of the mirror', () => {
  define({ admission: { maximumSeverity: FindingSeverity.HIGH, scanMode: AdmissionMode.AUDIT } }, { admission: days(2) });
  expect(admissionOf()).toEqual([{ minimumAge: { hours: 48, maximumGapHours: expect.any(Number) }, scan: { mode: 'AUDIT', maximumSeverity: 'HIGH' } }]);
});

test('an empty object prepares the quarantine for the longest age that an entry can have', () => {
  define({ admission: {} });
  expect(admissionOf()).toEqual([undefined]);
  const [{ Properties: { LifecyclePolicy } }] = heldRepositories();
  const [, { selection }] = JSON.parse(LifecyclePolicy.LifecyclePolicyText).rules;
  expect(selection.countNumber).toBeGreaterThan(60 + 8);
});

test('a file with checks of entries needs a quarantine, and the error names the line and the remedy', () => {
  expect(() => define({}, {}, file(CHECKED))).toThrow('the catalog "Platform/Mirror/Teams" has entries with admission (line 2), but its mirror has no '
    + 'quarantine repository; set admission of the catalog or the mirror, for example admission: {}');
});

test('a file with checks of entries is valid with admission of the catalog', () => {
  define({ admission: {} }, {}, file(CHECKED));
  expect(heldRepositories()).toHaveLength(1);
});

test.each([{ lockFile: { _digests: () => ({}) } as any }, { lockMode: AdmissionMode.AUDIT }])('a lock of a catalog is an error that names the digest of an entry', (admission) => {
  expect(() => define({ admission })).toThrow('write the only valid digest of an image in the field "digest" of its entry');
});

test('the action for images that are gone upstream is that of the catalog, or of the mirror', () => {
  define({ onUpstreamGone: OnUpstreamGone.KEEP }, { onUpstreamGone: OnUpstreamGone.FAIL }).node.addMetadata('test', '');
  new ImageMirror(stack, 'Other', { repositoryPrefix: 'other', onUpstreamGone: OnUpstreamGone.FAIL }).addCatalog('Teams', file('nginx:1.27.0'));
  expect(buildSchedules(deployed()).map(({ variables }) => variables.ON_UPSTREAM_GONE)).toEqual([undefined, 'FAIL']);
});
