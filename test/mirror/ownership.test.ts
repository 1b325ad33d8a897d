/** The owner and the last day of images that an app declares. */
import { Lazy } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirrorProps, MirroredImageOptions } from '../../src';
import { buildSchedules } from '../support/local-scheduler';
import { mirrorStack } from '../support/mirror-stack';

const IMAGE = 'docker.io/library/nginx:stable';

test.each<[string, ImageMirrorProps, MirroredImageOptions, object]>([
  ['an image without both has no variables for them', {}, {}, {}],
  ['an image can have both', {}, { owner: 'team-payments', expires: '2027-03-31' }, { OWNER: 'team-payments', EXPIRES: '2027-03-31' }],
  ['an image has the owner of its mirror', { owner: 'platform' }, {}, { OWNER: 'platform' }],
  ['an image can have another owner than its mirror', { owner: 'platform' }, { owner: 'team-payments' }, { OWNER: 'team-payments' }],
])('%s', (_, props, options, variables) => {
  const { deploy, mirror } = mirrorStack(props);
  mirror.addImage('nginx:stable', options);
  expect(buildSchedules(deploy()).map((schedule) => schedule.variables)).toEqual([{ IMAGE, ...variables }]);
});

test('a last day that is over does not change the template, because no clock decides about a template', () => {
  const { deploy, mirror } = mirrorStack();
  mirror.addImage('nginx:stable', { expires: '2020-01-01' });
  expect(buildSchedules(deploy())[0].variables).toEqual({ IMAGE, EXPIRES: '2020-01-01' });
});

test('the owner of a mirror is the owner of its catalogs, and a catalog can have another', () => {
  const { deploy, mirror, stack } = mirrorStack({ owner: 'platform' });
  const list = (name: string) => ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, name, `/${name}`));
  mirror.addCatalog('One', list('one'));
  mirror.addCatalog('Two', list('two'), { owner: 'team-data' });
  expect(buildSchedules(deploy()).map(({ variables }) => variables.OWNER).sort()).toEqual(['platform', 'team-data']);
});

const token = () => Lazy.string({ produce: () => 'team' });

test.each<[MirroredImageOptions, string]>([
  [{ owner: '' }, 'owner "" must be 1 to 100 letters'], [{ owner: 'a\nb' }, 'owner "a\\nb" must be'], [{ owner: token() }, 'owner must be known at synthesis'],
  [{ expires: '' }, 'expires "" must be a date'], [{ expires: '2027-02-30' }, 'expires "2027-02-30" must be a date such as "2027-03-31"'],
  [{ expires: token() }, 'expires must be known at synthesis'], [{ expires: 20270331 as unknown as string }, 'expires must be a string'],
])('%j is not valid', (options, message) => {
  expect(() => mirrorStack().mirror.addImage('nginx:stable', options)).toThrow(message);
});

test('two declarations of one image with different owners are an error', () => {
  const { mirror } = mirrorStack({ images: ['nginx:stable'] });
  expect(() => mirror.addImage('nginx:stable', { owner: 'team', expires: '2027-03-31' })).toThrow('owner none and team; expires never and 2027-03-31');
});
