/** Tag filters, platforms, tags that move, and how many images stay. */
import { RemovalPolicy } from 'aws-cdk-lib';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as kms from 'aws-cdk-lib/aws-kms';
import { scenario, TEMPORARY } from './scenario';
import { Attestations, ImageMirror, OnTagMoved, TagFilter, TagKind } from '../../src';

scenario('TagsAndPlatforms', (stack) => {
  const mirror = new ImageMirror(stack, 'Mirror', {
    ...TEMPORARY,
    encryptionKey: new kms.Key(stack, 'Key', { removalPolicy: RemovalPolicy.DESTROY }),
    repositoryTags: { team: 'platform' },
    platforms: [ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64],
    owner: 'platform',
    keepPrevious: 300,
  });
  mirror.addImage('public.ecr.aws/docker/library/redis', { tags: TagFilter.semver('>=7 <8', { latest: 3 }), keepVersions: 20 });
  mirror.addImage('public.ecr.aws/docker/library/python', {
    tags: TagFilter.semver('3.13.x', { variant: 'slim', latest: 2 }),
    tagKind: TagKind.FLOATING,
  });
  mirror.addImage('public.ecr.aws/docker/library/alpine', { tags: TagFilter.pattern('3.2*', { exclude: ['*_rc*'], latest: 3 }) });
  mirror.addImage('public.ecr.aws/docker/library/busybox:1.37.0', { allPlatforms: true, onTagMoved: OnTagMoved.SUFFIX });
  mirror.addImage('public.ecr.aws/nginx/nginx:stable', { referrers: false, attestations: Attestations.DROP, expires: '2099-12-31' });
});
