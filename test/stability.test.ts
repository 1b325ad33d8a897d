import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ImageMirror, MirroredImage, TagFilter } from '../src';
import { TemplateJson } from './support/template-resolver';

const IMAGES = ['nginx:stable', 'logstash:7.11.2', 'quay.io/prometheus/prometheus:v2.53.0', 'team/odd__name--x:1.0.0', 'localhost:5000/a/b:1.2.3'];

/** A changed id would make CloudFormation replace the repository, and its images would be gone. Never change these. */
const REPOSITORY_IDS = {
  MirrorRepositoriesmirrorlocalhost5000ab1682ED42: 'mirror/localhost_5000/a/b',
  MirrorRepositoriesmirrorlogstash4312D3E4: 'mirror/logstash',
  MirrorRepositoriesmirrornginx003F0248: 'mirror/nginx',
  MirrorRepositoriesmirrorquayioprometheusprometheus73092027: 'mirror/quay.io/prometheus/prometheus',
  MirrorRepositoriesmirrorteamoddnamex2CE80CBE: 'mirror/team/odd__name--x',
};

function synthesize(images: string[]) {
  const stack = new Stack(new App(), 'PlatformImages');
  new ImageMirror(stack, 'Mirror', { images });
  return Template.fromStack(stack).toJSON();
}

/** The names of the repositories by their logical ids. */
function repositoriesOf(template: TemplateJson) {
  return Object.fromEntries(Object.entries(template.Resources ?? {})
    .filter(([, resource]) => resource.Type === 'AWS::ECR::Repository')
    .map(([id, resource]) => [id, resource.Properties?.RepositoryName]));
}

test('the logical ids of repositories never change', () => {
  expect(repositoriesOf(synthesize(IMAGES))).toEqual(REPOSITORY_IDS);
});

test('the logical ids of repositories in another stack never change', () => {
  const app = new App();
  const mirror = new ImageMirror(new Stack(app, 'PlatformImages'), 'Mirror');
  const team = new Stack(app, 'Team');
  new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  expect(repositoriesOf(Template.fromStack(team).toJSON())).toEqual({
    PlatformImagesMirrorRepositoriesmirrorgrafanagrafana34937BD8: 'mirror/grafana/grafana',
  });
});

test('the logical id of a repository in another stack does not depend on the image that is there first', () => {
  const idsWith = (...ids: string[]) => {
    const app = new App();
    const mirror = new ImageMirror(new Stack(app, 'PlatformImages'), 'Mirror');
    const team = new Stack(app, 'Team');
    for (const id of ids) new MirroredImage(team, id, { mirror, image: `grafana/grafana:${id}` });
    return repositoriesOf(Template.fromStack(team).toJSON());
  };
  expect(idsWith('11.1.0', '11.2.0')).toEqual(idsWith('11.2.0', '11.1.0'));
  expect(idsWith('11.2.0')).toEqual(idsWith('11.2.0', '11.1.0'));
});

test('the logical id of a repository does not depend on other images, on order or on the tag', () => {
  const alone = repositoriesOf(synthesize(['nginx:1.27.0']));
  const [[id, name]] = Object.entries(alone);
  for (const images of [IMAGES, [...IMAGES].reverse()]) expect(repositoriesOf(synthesize(images))).toHaveProperty(id, name);
});

test('the logical id of a repository does not depend on whether a filter selects its tags', () => {
  const stack = new Stack(new App(), 'PlatformImages');
  new ImageMirror(stack, 'Mirror').addImage('nginx', { tags: TagFilter.semver('>=1.25 <2') });
  expect(repositoriesOf(Template.fromStack(stack).toJSON())).toEqual({ MirrorRepositoriesmirrornginx003F0248: 'mirror/nginx' });
});

test('names that differ only in "/" and "--" are two repositories', () => {
  expect(Object.values(repositoriesOf(synthesize(['foo/bar:1.0.0', 'quay.io/x--y:1.0.0', 'quay.io/x/y:1.0.0', 'foo--bar/z:1.0.0', 'foo/bar/z:1.0.0']))).sort()).toEqual([
    'mirror/foo--bar/z', 'mirror/foo/bar', 'mirror/foo/bar/z', 'mirror/quay.io/x--y', 'mirror/quay.io/x/y',
  ]);
});

test('the same code gives the same template', () => {
  expect(JSON.stringify(synthesize(IMAGES))).toBe(JSON.stringify(synthesize(IMAGES)));
});

test('the order of images changes nothing in the template', () => {
  expect(synthesize([...IMAGES].reverse())).toEqual(synthesize(IMAGES));
});

test('adding an image adds two resources and changes none but the build role and the lists of images', () => {
  const before = synthesize(IMAGES).Resources;
  const after = synthesize([...IMAGES, 'redis:7.2.5']).Resources;
  const changed = Object.keys(after).filter((id) => JSON.stringify(after[id]) !== JSON.stringify(before[id])).map((id) => after[id].Type);
  expect(changed.sort()).toEqual(['AWS::ECR::Repository', 'AWS::IAM::Role', 'AWS::SSM::Parameter', 'AWS::Scheduler::Schedule', 'Custom::ImageMirror']);
});
