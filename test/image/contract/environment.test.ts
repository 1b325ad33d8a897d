import { credentialVariables, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, TAG_MOVED_POLICIES } from '../../../src/image/contract/environment';

const names = [...Object.values(RUN_ENVIRONMENT), ...Object.values(PROJECT_ENVIRONMENT)];

test('all variables have different names', () => {
  expect(new Set(names).size).toBe(names.length);
});

test.each(names)('%s is a name that CodeBuild and shells take', (name) => {
  expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/);
});

test.each(names)('%s is none that CodeBuild or the AWS SDK keep for themselves', (name) => {
  expect(name).not.toMatch(/^(?:CODEBUILD_|AWS_)/);
});

test('two registries have different variables for their credentials', () => {
  const variables = [credentialVariables({ registry: 'docker.io' }, 0), credentialVariables({ registry: 'ghcr.io' }, 1)].flatMap(({ username, password }) => [username, password]);
  expect(new Set(variables).size).toBe(4);
  expect(variables.filter((name) => names.some((other) => other === name))).toEqual([]);
});

test('the variables of credentials belong to their registry', () => {
  expect(credentialVariables({ registry: 'ghcr.io' }, 7)).toEqual({ registry: 'ghcr.io', username: 'MIRROR_CREDENTIAL_7_USERNAME', password: 'MIRROR_CREDENTIAL_7_PASSWORD' });
});

test('a moved tag fails the run unless its owner wants otherwise', () => {
  expect(TAG_MOVED_POLICIES[0]).toBe('FAIL');
  expect([...TAG_MOVED_POLICIES].sort()).toEqual(['FAIL', 'KEEP', 'SUFFIX']);
});
