import { parse } from 'yaml';

/** A buildspec, as far as the local CodeBuild knows them. */
export interface Buildspec {
  readonly shell: 'bash' | 'sh';
  readonly variables: Readonly<Record<string, string>>;
  /** The commands of each phase, in the order in which CodeBuild runs phases. */
  readonly phases: readonly { readonly name: string; readonly commands: readonly string[] }[];
}

const PHASES = ['install', 'pre_build', 'build', 'post_build'];

/**
 * Reads a buildspec in YAML or JSON.
 *
 * @throws Error on everything that the local CodeBuild would silently leave out
 */
export function readBuildspec(text: string): Buildspec {
  const { version, env = {}, phases, ...rest } = parse(text);
  if (String(version) !== '0.2') throw new Error(`the buildspec has version ${version}; only 0.2 runs all commands in one shell`);
  const { shell = 'sh', variables = {}, ...otherEnv } = env;
  refuseUnknown('the buildspec', rest);
  refuseUnknown('env', otherEnv);
  refuseUnknown('phases', Object.fromEntries(Object.entries(phases).filter(([name]) => !PHASES.includes(name))));
  return {
    shell,
    variables,
    phases: PHASES.filter((name) => phases[name]).map((name) => {
      // Which node a build gets is the caller's choice, so the runtime versions choose nothing here.
      const { commands = [], 'runtime-versions': _, ...otherKeys } = phases[name];
      refuseUnknown(`the phase ${name}`, otherKeys);
      return { name, commands };
    }),
  };
}

function refuseUnknown(where: string, rest: object): void {
  const [key] = Object.keys(rest);
  if (key !== undefined) throw new Error(`the local CodeBuild does not know ${JSON.stringify(key)} in ${where}`);
}

/**
 * The phases as one script for one shell, as version 0.2 asks for: a command sees what those before it exported and where they went.
 *
 * The first failing command ends its phase. After `install` and `pre_build` that ends the build, after `build` the phase `post_build` still runs.
 * What CodeBuild itself says goes to stderr, so stdout is the commands' own.
 */
export function scriptOf({ phases }: Buildspec): string {
  const lines = phases.flatMap(({ name, commands }) => {
    const may = name === 'post_build' ? '[ "$failed_early" = 0 ]' : '[ "$status" = 0 ]';
    return [
      `if ${may}; then`,
      `  say 'Entering phase ${name.toUpperCase()}'`,
      '  phase=0',
      ...commands.flatMap((command) => [
        `  if [ "$phase" = 0 ]; then say ${quoted(`Running command ${command}`)}; eval ${quoted(command)} || phase=$?; fi`,
      ]),
      '  if [ "$phase" != 0 ]; then',
      `    say "Command did not exit successfully, phase ${name.toUpperCase()} failed with status $phase"`,
      '    [ "$status" = 0 ] && status=$phase',
      ...name === 'build' || name === 'post_build' ? [] : ['    failed_early=1'],
      '    export CODEBUILD_BUILD_SUCCEEDING=0',
      '  fi',
      'fi',
    ];
  });
  return ['say() { printf \'[Container] %s\\n\' "$1" >&2; }', 'status=0', 'failed_early=0', ...lines, 'exit "$status"', ''].join('\n');
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, '\'\\\'\'')}'`;
}
