// The Java library, and the app in Java.
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { copyExample, requirePrograms, run, synthesize } from './programs.mjs';
import { requireSameTemplates } from './templates.mjs';

/** The lowest versions that the library supports, so that Maven downloads one version of each, and reads no lists of versions. */
function withLowestVersions(folder) {
  const file = path.join(folder, 'pom.xml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/<version>\[([^,]+),[^)]*\)<\/version>/g, '<version>$1</version>'));
}

/** What is needed to compile and install, without the archives of sources and of documentation. */
const GOALS = ['resources:resources', 'compiler:compile', 'jar:jar', 'install:install'];

export async function checkJava(workspace) {
  await requirePrograms('java', [['javac', '-version'], ['mvn', '-version']], 'a JDK with Maven (Debian: default-jdk-headless, maven)');
  const library = path.join(workspace.libraries, 'java');
  const folder = copyExample(workspace, 'java');
  // A repository of its own: version 0.0.0 does not get into the user's.
  const repository = process.env.LANGUAGES_MAVEN_REPOSITORY ?? path.join(workspace.folder, 'maven-repository');
  const env = { MAVEN_OPTS: `-Dmaven.repo.local=${repository} -XX:TieredStopAtLevel=1` };
  withLowestVersions(library);
  await run('mvn', ['--batch-mode', '--quiet', ...GOALS], { cwd: library, env });
  const output = await synthesize(folder, env);
  return requireSameTemplates(workspace, output);
}
