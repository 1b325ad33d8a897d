import { mirrorStack } from '../support/mirror-stack';

test('a fixed tag is immutable in the mirror', () => {
  const { mirror, deploy } = mirrorStack();
  mirror.addImage('nginx:1.27.0');
  const template = deploy();
  const [repository] = template.ids('AWS::ECR::Repository');
  expect(template.properties(repository)).toMatchObject({ RepositoryName: 'mirror/nginx', ImageTagMutability: 'IMMUTABLE' });
});
