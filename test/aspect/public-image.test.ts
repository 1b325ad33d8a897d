import { App, Aspects, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as fc from 'fast-check';
import { DeployedStack, REGISTRY } from './deployed-stack';
import { ImageMirror, MirroredImagesAspect } from '../../src';
import { parsePublicImage } from '../../src/aspect/public-image';

describe('what a resource names as its image', () => {
  test.each(['nginx', 'public.ecr.aws/nginx/nginx:1', 'quay.io/a/b:1', 'localhost:5000/a:1', '111122223333.dkr.ecr.eu-west-1.amazonaws.com.example.org/a:1', '111122223333/a'])(
    'is a public image: %s',
    (text) => expect(parsePublicImage(text)).toMatchObject({ text, reference: expect.anything() }),
  );

  test.each([
    ['of a template', { 'Fn::Sub': 'nginx:${Tag}' }, 'nginx:...'],
    ['of a template with variables', { 'Fn::Sub': ['quay.io/a/b:${Tag}', { Tag: '1' }] }, 'quay.io/a/b:...'],
    ['of joined parts', { 'Fn::Join': ['', ['public.ecr.aws/', { Ref: 'Name' }]] }, 'public.ecr.aws/...'],
  ])('is a public image by its beginning: %s', (_, image, text) => {
    expect(parsePublicImage(image)).toMatchObject({ text, problem: expect.any(String) });
  });

  test.each([
    [undefined], [null], [{ Ref: 'Image' }], [{ 'Fn::GetAtt': ['A', 'B'] }], [{ 'Fn::Sub': '${Image}' }], [{ 'Fn::Join': ['', [{ Ref: 'Image' }, ':1']] }],
    [{ 'Fn::Sub': 'nginx${Rest}' }], [{ 'Fn::Sub': '111122223333.dkr.ecr.eu-west-1.amazonaws.com/${Name}' }], [{ 'Fn::Join': 'nonsense' }], [7],
  ])('is not judged: %j', (image) => {
    expect(parsePublicImage(image)).toBeUndefined();
  });
});

const name = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8})?$/);
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}$/);
const host = fc.constantFrom('quay.io', 'ghcr.io', 'public.ecr.aws', 'registry.example.com:5000');
const image = fc.record({ registry: fc.option(host), namespace: fc.option(name), repository: name, tag });
const container = fc.record({ image, isMirrored: fc.boolean() });

/** An image as a task definition names it. */
interface Spelling {
  readonly namespace: string | null;
  readonly repository: string;
  readonly tag: string;
}

function spelled(registry: string | null, { namespace, repository, tag: itsTag }: Spelling): string {
  return `${[registry, namespace, repository].filter((part) => part !== null).join('/')}:${itsTag}`;
}

test('of any containers, exactly the mirrored ones are replaced, each by the image of its name, and all others stay as they are, in their order', () => {
  const containers = fc.uniqueArray(container, { selector: (one) => JSON.stringify(one.image), minLength: 1, maxLength: 8 });
  fc.assert(fc.property(containers, (all) => {
    const images = all.map((one) => spelled(one.image.registry, one.image));
    const stack = new Stack(new App(), 'Stack');
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['always/mirrored:1.0.0', ...images.filter((_, index) => all[index].isMirrored)] });
    new ecs.CfnTaskDefinition(stack, 'Task', { containerDefinitions: images.map((one, index) => ({ name: `container${index}`, image: one })) });
    Aspects.of(stack).add(new MirroredImagesAspect({ mirrors: [mirror] }));
    const deployed = new DeployedStack(stack);
    expect(Object.values(deployed.images())).toEqual(all.map((one, index) => one.isMirrored
      ? `${REGISTRY}/mirror/${spelled(one.image.registry?.replace(':', '_') ?? null, one.image)}`
      : images[index]));
    expect(deployed.warnings()).toHaveLength(all.filter(({ isMirrored }) => !isMirrored).length);
  }), { numRuns: 15, seed: 4 });
});
