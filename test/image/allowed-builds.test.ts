/** What a project is told that it may build, and what the program there reads. */
import * as fc from 'fast-check';
import { allowedBuildText, fingerprintVariables, readFingerprints } from '../../src/image/custom-image';

const DECLARATION = {
  image: 'docker.io/hashicorp/vault:1.14.0', base: 'mirror/hashicorp/vault', custom: { repository: 'mirror/custom/hashicorp/vault', lines: ['RUN true'], platforms: ['linux/amd64'] },
};

test('another image, repository, line or platform is another declaration', () => {
  const { custom } = DECLARATION;
  const others = [
    DECLARATION,
    { ...DECLARATION, image: 'docker.io/evil/shell:1.14.0' },
    { ...DECLARATION, image: 'docker.io/hashicorp/vault' },
    { ...DECLARATION, base: 'mirror/evil/shell' },
    { ...DECLARATION, custom: { ...custom, repository: 'mirror/custom/nginx' } },
    { ...DECLARATION, custom: { ...custom, lines: ['RUN false'] } },
    { ...DECLARATION, custom: { ...custom, platforms: ['linux/arm64'] } },
  ];
  expect(new Set(others.map(allowedBuildText)).size).toBe(others.length);
});

test('the variables hold all fingerprints, each with no more than CodeBuild takes', () => {
  const fingerprint = fc.tuple(fc.stringMatching(/^[0-9a-f]{32}$/), fc.option(fc.stringMatching(/^[a-z0-9/-]{2,256}$/))).map(([text, base]) => base === null ? text : `${text}:${base}`);
  fc.assert(fc.property(fc.uniqueArray(fingerprint, { maxLength: 400 }), (fingerprints) => {
    const variables = fingerprintVariables(fingerprints);
    expect(readFingerprints(Object.fromEntries(variables))).toEqual(new Set(fingerprints));
    for (const [, value] of variables) expect(value.length).toBeLessThanOrEqual(4_096);
  }));
});

test('there is a variable where there is no fingerprint, and none of another name is read', () => {
  expect(fingerprintVariables([])).toEqual([['MIRROR_RECIPES', '']]);
  expect(readFingerprints({ MIRROR_RECIPES: '', MIRROR_RECIPES_2: 'a,b', MIRROR_RECIPESX: 'c', RECIPES: 'd' })).toEqual(new Set(['a', 'b']));
});
