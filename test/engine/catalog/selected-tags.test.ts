/** The tags that a catalog selects, beside those that it names: the engine's bundle, in an account where pushes create repositories. */
import { documentOf, FIXED, FLOATING, mirrorObject, nameOf, openCatalogAccount, publish } from '../../support/catalog-account';
import { multiPlatformImage } from '../../support/fixture-images';
import { LocalAccount } from '../../support/local-account';

let account: LocalAccount;

beforeEach(async () => {
  account = await openCatalogAccount();
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

const tagsOf = (repository: string) => [...account.ecr.repository(repository).tags.keys()].sort();

function mirror(...entries: string[]) {
  return mirrorObject(account, documentOf(...entries));
}

describe('a tag that has an entry of its own', () => {
  const other = `sha256:${'0'.repeat(64)}`;
  const selection = `{ image: ${nameOf('team/app')}, tags: { patterns: ["1.2*"] } }`;

  test.each([
    ['with a digest', [`{ image: ${nameOf('team/app', '1.2.0')}, digest: "${other}" }`], ['digest-mismatch']],
    ['with a digest in its name', [`"${nameOf('team/app', '1.2.0')}@${other}"`], ['not-found']],
    ['that has expired', [`{ image: ${nameOf('team/app', '1.2.0')}, expires: 2020-01-01 }`], ['expired']],
    ['that another contradicts', [`{ image: ${nameOf('team/app', '1.2.0')}, digest: "${other}" }`, nameOf('team/app', '1.2.0')], ['invalid-configuration', 'invalid-configuration']],
    ['that is wrong', [`{ image: ${nameOf('team/app', '1.2.0')}, digest: "sha256:0" }`], ['invalid-configuration']],
  ])('%s is mirrored by no selection of the list', async (_, own, reasons) => {
    publish(account, 'team/app', '1.2.0', '1.2.1');
    for (const list of [[...own, selection], [selection, ...own]]) {
      const { code, lines } = await mirror(...list);
      expect(code).toBe(1);
      expect(lines.at(-1)!.results.flatMap(({ reason }) => reason ?? [])).toEqual(reasons);
      expect(tagsOf(`${FIXED}/team/app`)).toEqual(['1.2.1']);
    }
  });

  test('is mirrored as its entry says, for its platforms alone', async () => {
    const image = multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64'] });
    for (const tag of ['1.2.0', '1.2.1']) account.upstream.push('team/app', tag, image);
    const { code, lines } = await mirror(`{ image: ${nameOf('team/app')}, tags: { semver: ">=1.2" } }`, `{ image: ${nameOf('team/app', '1.2.0')}, platforms: [linux/arm64] }`);
    expect([code, lines.at(-1)!.images]).toMatchObject([0, { copied: 2, failed: 0 }]);
    expect(account.ecr.tagDigest(`${FIXED}/team/app`, '1.2.1')).toBe(image.digest);
    expect(account.ecr.tagDigest(`${FIXED}/team/app`, '1.2.0')).not.toBe(image.digest);
  });

  test('is left out beside what the selection leaves out itself, and in its own repository only', async () => {
    publish(account, 'team/app', '1.2.0', '1.2.1', '1.2.2');
    publish(account, 'team/other', '1.2.0');
    await mirror(
      `{ image: ${nameOf('team/app', '1.2.0')}, expires: 2020-01-01 }`,
      `{ image: ${nameOf('team/app')}, tags: { patterns: ["1.2*"], exclude: ["*.1"] } }`,
      `{ image: ${nameOf('team/other')}, tags: { patterns: ["1.2*"] } }`,
    );
    expect([tagsOf(`${FIXED}/team/app`), tagsOf(`${FIXED}/team/other`)]).toEqual([['1.2.2'], ['1.2.0']]);
  });
});

describe('a tag that a range of versions selects', () => {
  test('goes where its form says, as imageUri() has it, unless the entry says the kind', async () => {
    publish(account, 'team/app', '1.2.0', '1.2.0-dev', '1.2.0-rc.1');
    publish(account, 'team/other', '1.2.0-dev');
    const tags = 'tags: { semver: "*", prereleases: true }';
    const { code } = await mirror(`{ image: ${nameOf('team/app')}, ${tags} }`, `{ image: ${nameOf('team/other')}, ${tags}, tagKind: fixed }`);
    const held = account.ecr.repositoryNames.map((name) => [name, tagsOf(name)]);
    expect([code, Object.fromEntries(held)]).toEqual([0, {
      [`${FIXED}/team/app`]: ['1.2.0', '1.2.0-rc.1'], [`${FLOATING}/team/app`]: ['1.2.0-dev'], [`${FIXED}/team/other`]: ['1.2.0-dev'],
    }]);
  });
});
