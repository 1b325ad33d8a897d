/** The rules of the linter. */
import { awscdk } from 'projen';

/** The folders of constructs, from top to bottom: a folder may import the folders of the lines below its own. */
const CONSTRUCT_FOLDERS = [
  ['aspect'],
  ['mirror'],
  ['observe'],
  ['customize', 'catalog'],
  ['admission'],
  ['deploy', 'schedules', 'cache'],
  ['consumers', 'replication'],
  ['project'],
  ['repositories'],
  ['declarations'],
  ['synthesis'],
];

/** The folders that each folder of `src/` may import. docs/architecture.md draws the same arrows, and a test compares the two. */
const MAY_IMPORT: Record<string, string[]> = {
  ...Object.fromEntries(CONSTRUCT_FOLDERS.flatMap((folders, line) => {
    const below = [...CONSTRUCT_FOLDERS.slice(line + 1).flat(), 'image'];
    return folders.map((folder) => [folder, below]);
  })),
  cli: ['engine', 'codebuild', 'image'],
  engine: ['codebuild', 'image'],
  handlers: ['codebuild', 'image'],
  codebuild: ['image'],
  image: [],
};

/** Adds the rules for lengths, and for what each folder of `src/` may import. */
export function addLintRules(project: awscdk.AwsCdkConstructLibrary): void {
  project.eslint?.addRules({
    'max-lines': ['error', { max: 320, skipBlankLines: false, skipComments: false }],
    'max-lines-per-function': ['error', { max: 45, skipBlankLines: true, skipComments: true }],
    'max-len': ['error', { code: 150, ignoreUrls: true, ignoreRegExpLiterals: true }],
  });
  project.eslint?.addOverride({
    files: ['test/**', 'bench/**', 'examples/**', 'scripts/**', 'verify/**', '.projenrc.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'max-len': ['error', { code: 150, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
    },
  });
  // What is bundled may import what is bundled with it.
  project.eslint?.addOverride({
    files: ['src/engine/**', 'src/cli/**', 'src/codebuild/**', 'src/handlers/**'],
    rules: { 'import/no-extraneous-dependencies': ['error', { devDependencies: true }] },
  });

  for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
    const message = `${folder}/ may import ${allowed.map((name) => `${name}/`).join(', ') || 'no other folder'}; see docs/architecture.md`;
    const zone = { target: `./src/${folder}`, from: './src', except: [folder, ...allowed].map((name) => `./${name}`), message };
    project.eslint?.addOverride({ files: [`src/${folder}/**`], rules: { 'import/no-restricted-paths': ['error', { zones: [zone] }] } });
  }
  // No import cycles, type imports included. The rule would parse the types of all libraries to group modules; it needs none of them.
  project.eslint?.addOverride({ files: ['src/**'], rules: { 'import/no-cycle': ['error', { ignoreExternal: true, disableScc: true }] } });
  project.eslint!.config.settings['import/ignore'] = ['/node_modules/'];

  const forbidModules = (folders: string[], modules: string[], message: string) => project.eslint?.addOverride({
    files: folders.map((folder) => `src/${folder}/**`),
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: modules, message }] }] },
  });
  const CDK = ['aws-cdk-lib*', 'constructs'];
  const NETWORK = ['undici', '@aws-sdk/*', 'node:net', 'node:http*'];
  forbidModules(['image'], [...CDK, ...NETWORK, 'node:*'], 'image/ is pure: no CDK, no Node modules, no libraries');
  forbidModules(['engine', 'cli', 'codebuild', 'handlers'], CDK, 'the engine, the command line, and the functions do not use the CDK');
  forbidModules(CONSTRUCT_FOLDERS.flat(), NETWORK, 'constructs do no I/O');

  // One TypeScript project sees all linted files.
  project.eslint!.config.settings['import/resolver'].typescript.project = './tsconfig.dev.json';
  project.eslint!.config.parserOptions = { ecmaVersion: 2022, sourceType: 'module', project: './tsconfig.dev.json' };
}
