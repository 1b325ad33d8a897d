/** The platforms and referrers of all images of a mirror. */
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { MirroredImageOptions } from '../../src';
import { readConfiguration } from '../../src/engine/configuration';
import { buildSchedules } from '../support/local-scheduler';
import { mirrorStack } from '../support/mirror-stack';

type Deploy = ReturnType<typeof mirrorStack>['deploy'];

const runs = (deploy: Deploy) => buildSchedules(deploy()).map(({ variables }) => variables);

describe('the platforms of the mirror', () => {
  const { LINUX_AMD64, LINUX_ARM64 } = ecr_assets.Platform;
  const all = { allPlatforms: true };

  test.each<[string, MirroredImageOptions, object]>([
    ['are mirrored of an image if upstream has them', {}, { PLATFORMS_IF_AVAILABLE: 'linux/amd64,linux/arm64' }],
    ['are replaced by the platforms of an image, which must exist', { platforms: [LINUX_ARM64] }, { PLATFORMS: 'linux/arm64' }],
    ['do not apply to an image with all its platforms', all, {}],
  ])('%s', (_, options, variables) => {
    const { mirror, deploy } = mirrorStack({ platforms: [LINUX_ARM64, LINUX_AMD64] });
    mirror.addImage('nginx:stable', options);
    expect(runs(deploy)).toEqual([{ IMAGE: 'docker.io/library/nginx:stable', ...variables }]);
  });

  test('are read by the engine as platforms that upstream may lack', () => {
    const { deploy } = mirrorStack({ platforms: [LINUX_ARM64], images: ['nginx:stable'] });
    const { image, requestFor } = readConfiguration({ ...runs(deploy)[0], MIRROR_REGISTRY: '111122223333.dkr.ecr.eu-west-1.amazonaws.com' });
    expect(requestFor(image)).toMatchObject({ platforms: [{ os: 'linux', architecture: 'arm64' }], platformsIfAvailable: true });
  });

  test('are the platforms that consumers can use', () => {
    const { mirror } = mirrorStack({ platforms: [LINUX_ARM64], images: ['nginx:stable'] });
    const image = mirror.image('nginx:stable');
    expect(image.toBuildImage({ platform: LINUX_ARM64 }).type).toBe('ARM_CONTAINER');
    expect(() => image.toBuildImage()).toThrow('is mirrored only for linux/arm64, but linux/amd64 is needed; '
      + 'set platforms or allPlatforms for the image, or add it to platforms of the mirror');
    expect(() => mirror.addImage('redis:7.2.5', { singlePlatformTags: [LINUX_AMD64] })).toThrow('is mirrored only for linux/arm64');
    expect(mirror.addImage('redis:7.2.6', { ...all, singlePlatformTags: [LINUX_AMD64] }).tag).toBe('7.2.6');
  });

  test('are not the default of customized images, because upstream may lack them', () => {
    const { mirror, deploy } = mirrorStack({ platforms: [LINUX_AMD64, LINUX_ARM64] });
    mirror.addImage('nginx:stable', { dockerfileLines: ['RUN mkdir /data'] });
    expect(JSON.parse(runs(deploy)[0].CUSTOM_IMAGE).platforms).toEqual(['linux/amd64']);
  });

  test('must have the platform of a customized image', () => {
    const { mirror } = mirrorStack({ platforms: [LINUX_ARM64] });
    expect(() => mirror.addImage('nginx:stable', { dockerfileLines: ['RUN mkdir /data'] })).toThrow(
      'customPlatforms is by default linux/amd64, but platforms mirrors only linux/arm64; add it to platforms, or set customPlatforms',
    );
  });

  test('are in the list for other apps', () => {
    const { stack, mirror } = mirrorStack({ platforms: [LINUX_ARM64], images: ['nginx:stable'] });
    mirror.addImage('redis:7.2.5', all);
    const [{ Properties: { Value } }] = Object.values(Template.fromStack(stack).findResources('AWS::SSM::Parameter'));
    expect(JSON.stringify(Value)).toMatch(/nginx:stable\\\",\\\"platforms\\\":\[\\\"linux\/arm64/);
    expect(JSON.stringify(Value)).not.toMatch(/redis:7.2.5\\\",\\\"platforms/);
  });

  test('cannot be an empty list', () => {
    expect(() => mirrorStack({ platforms: [] })).toThrow('platforms is empty; omit it to mirror all platforms');
  });

  test('and platforms of an image exclude each other', () => {
    const { mirror } = mirrorStack();
    expect(() => mirror.addImage('nginx:stable', { ...all, platforms: [LINUX_ARM64] })).toThrow('allPlatforms is true, but platforms is set too; remove one of them');
  });

  test('make a difference between two declarations of one image', () => {
    const { mirror } = mirrorStack({ platforms: [LINUX_ARM64], images: ['nginx:stable'] });
    expect(() => mirror.addImage('nginx:stable', { platforms: [LINUX_ARM64] })).toThrow('platforms ["linux/arm64"] of the mirror and ["linux/arm64"]');
  });
});

describe('the referrers of the mirror', () => {
  test.each<[string, MirroredImageOptions, object]>([
    ['are not mirrored of an image', {}, { REFERRERS: 'false' }],
    ['are mirrored of an image that overrides it', { referrers: true }, {}],
  ])('%s', (_, options, variables) => {
    const { mirror, deploy } = mirrorStack({ referrers: false });
    mirror.addImage('nginx:stable', options);
    expect(runs(deploy)).toEqual([{ IMAGE: 'docker.io/library/nginx:stable', ...variables }]);
  });
});
